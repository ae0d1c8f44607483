#pragma once
// D across faces. A two-point flux between the centres of K and L, a distance d apart, sees the two
// parts of its way in series:
//
//   d / D_f = w d / D_K + (1 - w) d / D_L,
//
// w the part of the way inside K, D_K and D_L the diffusion at the face as K and L have it: D_f is D
// at the face where D is continuous, and a jump of D at a face costs no order. With the weights of
// the flux (for Scharfetter-Gummel the mean of 1/pi along the way, V linear)
//
//   F_f = a D_f kT [B(s) rho_K - B(-s) rho_L]
//
// is exactly 0 for the Gibbs state, and of second order: the mean of 1/(D pi), which a constant flux
// sees, and 1/D_f times the mean of 1/pi differ by O(h^2). The mean of 1/D would do as well for a
// flux that is constant along the way, but not next to a wall where D vanishes and the flux with it.
//
// On boxes D_f is the entry of a tensor for the face's axis. Around the vertices of a mesh a cell
// may reach into several regions: D_K is the mean over them. Between cells bounded by medians D is
// taken at the middle of each simplex. At a wall D is that half-way between the centre and the face.
//
// A mesh can hold D in its transmissibilities, a D_f (set_metric): they are then those of the metric
// |dx|^2 / D, of the distances of proximal steps as well. D that depends on t is put on by the
// Generator at each time.

#include <span>
#include <vector>

#include "otto/operators/diffusion.h"

namespace otto {

struct FaceDiffusion {
  std::vector<double> faces;      ///< D_f
  std::vector<double> boundary;   ///< of the boundary faces
  std::vector<double> couplings;  ///< of Mesh::couplings; else empty
};

/// D across all faces at time t; both copies of a face get the same number. A number or, on a box, a diagonal
/// tensor. Collective; throws InputError where D is not finite or not positive (an entry of a tensor may be 0).
FaceDiffusion face_diffusion(const Mesh& mesh, const Diffusion& diffusion, double t);

/// Multiplies the transmissibilities of the mesh by D at time 0. Collective; throws as above.
void set_metric(Mesh& mesh, const Diffusion& diffusion);

/// -h kT (D_L - D_K) added to along[f], D at the centres and of the face's axis: the velocity of Ito's or
/// Stratonovich's noise times the distance. Boxes only. Collective.
void add_noise(const Mesh& mesh, const Diffusion& diffusion, double kT, double t,
               std::span<double> along);

}  // namespace otto
