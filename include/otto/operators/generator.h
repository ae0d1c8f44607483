#pragma once
// The discrete Fokker-Planck generator Q on a mesh: M Q rho = - (sum of outgoing fluxes), with
// M = diag(volume) and the two-point flux of a face f = K|L
//
//   F_f = forward_f rho_K - backward_f rho_L,   forward = a kT B(s), backward = a kT B(-s),
//   s = (V_L - V_K - b.(x_L - x_K)) / kT,       b at the midpoint of the two centres.
//
// Without an entropy (kT = 0) the rates are the limit of Scharfetter-Gummel, which is upwind:
// forward = a max(V_K - V_L + b.(x_L - x_K), 0), and backward alike.
//
// A flux of order 4 adds to F_f what operators/fourth_order.h says.
//
// Through an absorbing face, where rho = 0, cell K loses mass at the rate k_K = a kT B(s), with a,
// s and V taken between the centre and the face: M Q rho has the further term -k_K rho_K. Where the
// cells surround the vertices of a mesh, centres lie on that face: such cells are held at 0, by k_K
// = 1e10 times the sum of their rates.
//
// Between cells bounded by medians the rates are those of operators/coupled_rates.h.

#include <memory>
#include <span>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/mesh.h"

namespace otto {

struct AbsorbingFace;  // otto/operators/absorbing.h
struct FaceRun;        // otto/operators/face_runs.h
class FourthOrder;     // otto/operators/fourth_order.h

/// Q at one time: the rates of all faces.
class Generator {
 public:
  /// Keeps references to all arguments but the names of absorbing sides. `drift` may be null.
  Generator(const Mesh& mesh, const FreeEnergy& energy, const TwoPointFlux& flux,
            const Drift* drift = nullptr, const std::vector<std::string>& absorbing = {});
  ~Generator();
  Generator(const Generator&) = delete;

  /// Recomputes V and the rates for time t; does nothing where nothing depends on time. Collective;
  /// throws NumericalError naming the cell where a rate is not finite.
  void set_time(double t);
  /// The energy, the drift or an absorbing side does.
  [[nodiscard]] bool depends_on_time() const { return depends_on_time_; }

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }  ///< the one it was made with
  /// The whole free energy, also the terms beyond entropy and V, which the rates leave out.
  [[nodiscard]] const FreeEnergy& energy() const { return energy_; }
  [[nodiscard]] const TwoPointFlux& flux() const { return flux_; }  ///< that gives the rates
  /// There is a drift beside the forces of the energy.
  [[nodiscard]] bool driven() const { return drift_ != nullptr; }
  [[nodiscard]] double temperature() const { return kT_; }  ///< kT; 0 without an entropy
  [[nodiscard]] std::span<const double> external() const { return V_; }         ///< owned + ghosts
  [[nodiscard]] std::span<const double> forward() const { return forward_; }    ///< per face
  [[nodiscard]] std::span<const double> backward() const { return backward_; }  ///< per face
  /// Mass leaves through absorbing sides. The same on every rank.
  [[nodiscard]] bool absorbs() const { return absorbs_; }
  /// k of the owned cells; empty without absorbing sides.
  [[nodiscard]] std::span<const double> absorption() const { return absorption_; }
  /// Self-adjoint in L2(1/pi): detailed balance and no drift. Then forward pi_K = backward pi_L.
  [[nodiscard]] bool symmetric() const { return symmetric_; }
  /// All rates are non-negative, so that (I - c Q) is an M-matrix for every c >= 0.
  [[nodiscard]] bool monotone() const { return monotone_; }
  /// Changes whenever the rates do; solvers rebuild when it differs from what they saw.
  [[nodiscard]] long version() const { return version_; }
  /// (max V - min V) / kT over all cells; 0 without an entropy.
  [[nodiscard]] double range() const { return range_; }

  /// What the two-point fluxes lack of fourth order; null for other fluxes.
  [[nodiscard]] const FourthOrder* correction() const { return correction_.get(); }

  /// out = M Q rho on owned cells. `rho`: owned + ghosts, ghosts up to date. Local without a
  /// correction, else collective.
  void apply(std::span<const double> rho, std::span<double> out) const;
  /// The faces in the order sweeps visit them.
  [[nodiscard]] const std::vector<FaceRun>& runs() const { return runs_; }

 private:
  void evaluate_external();
  void evaluate_drift();
  void evaluate_rates();
  void evaluate_two_point();
  void evaluate_absorption();
  void hold_at_walls();
  void examine();
  [[noreturn]] void refuse_rate(std::size_t cell) const;
  const Mesh& mesh_;
  const FreeEnergy& energy_;
  const TwoPointFlux& flux_;
  const Drift* drift_;
  double kT_;
  bool depends_on_time_, symmetric_, monotone_, absorbs_;
  long version_ = 0;
  double range_ = 0, time_ = 0;
  std::vector<double> V_, forward_, backward_;
  std::vector<double> along_;  // b.n d per face; empty without a drift
  std::vector<double> absorption_;
  std::vector<AbsorbingFace> exits_;
  std::vector<FaceRun> runs_;
  std::unique_ptr<FourthOrder> correction_;
  mutable std::vector<double> corrections_;  // scratch: its fluxes, per face
};

}  // namespace otto
