#pragma once
// The preconditioner of Gauss-Newton products, from the time-mean density R and the flow's rates at V and kT (face_rates.h).
// A change of V drives the flow by -L dV and the flow carries and spreads what comes of it, here for one implicit Euler
// step of a mean interval t:
//
//   L = D^T diag(-dF/d rise at R) D,   E = M + t A,   M = diag(m),   d rho = -t E^-1 L dV,
//
//   H ~ N t^2 L E^-T diag(m / (R + b)) E^-1 L + alpha D_2^T D_2,
//
// b the density a likelihood's background hides. L has the flux's own densities on faces: where the drift crosses a cell much faster than
// diffusion, those upwind, which beside a wall layer are far from the mean of both cells. The drift in E is what makes waves of V along
// the motion, whose effects come and go while they are carried over them, harder to see than those across it.
//
// The prior's square root, second differences, is taken for R^-1 L, right where R changes slowly, and with
// (a + b)^2 in place of a^2 + b^2,
//
//   H ~ L E^-T G^T diag(m R^2)^-1 G E^-1 L,   G = t diag(m R sqrt(N / (R + b))) + sqrt(alpha) E.
//
// Two symmetric solves and one each with G and its transpose, an M-matrix as those of steps are. Without data (N = 0) it is
// L diag(alpha / (m R^2)) L. R is at least `floor` of its mean, and L is shifted by a tiny multiple of diag(m R), so
// that constants are bounded.

#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"
#include "otto/operators/face_rates.h"

namespace otto {

struct PencilOptions {
  double floor = 1e-3;  ///< of the mean of R: with 1e-6 the solves lose what perturbed solves need
  double background = 0;  ///< b
  double gauge = 1e-6;    ///< of (pi / l)^2, l the longest side: moves no wave that fits in
  double rtol = 1e-8;     ///< of the four solves: what differs from rank to rank stays below
};

class Pencil {
 public:
  /// `R`: time-mean density (owned). Keeps a reference to the mesh. Collective.
  Pencil(const Mesh& mesh, std::span<const double> R, const PencilOptions& options = {});
  ~Pencil();
  Pencil(const Pencil&) = delete;

  /// N, t, alpha and the flow's rates of what follows. Collective.
  void set(double N, double t, double alpha, const FaceRates& rates);
  /// The prior alone, with L = D^T a R D. Collective.
  void set_prior(double alpha);
  /// out = Q^T P^-1 Q r, Q the projection that takes constants out: neither flow nor prior knows them. Owned
  /// values. Collective.
  void apply(std::span<const double> r, std::span<double> out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
