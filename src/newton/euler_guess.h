#pragma once
// The density of one step of implicit Euler for an entropy of temperature kT and a potential V,
//
//   M (rho - rho0) + tau sum_f (e_K - e_L) F_f = 0,   F = a kT (B(s) rho_K - B(-s) rho_L),
//   s = (V_L - V_K) / kT,   B(s) = s / (e^s - 1)      (Scharfetter and Gummel),
//
// a guess of the proximal step's density that is positive wherever mass may get within tau: one
// linear system of an M-matrix, whatever rho0 is and however empty. Its chemical potential
// kT (log rho + 1) + V is a guess of phi, bounded by those of rho0 (a maximum principle).

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "otto/linear/flux_solver.h"
#include "otto/linear/gibbs_solver.h"
#include "otto/newton/newton_control.h"

namespace otto {

class EulerGuess {
 public:
  /// Keeps a reference to `mesh`. Collective.
  EulerGuess(const Mesh& mesh, SolverOptions options, const NewtonControl& control);

  struct Step {
    double kT = 1, tau = 0;
    std::span<const double> V, rho0;  ///< owned + ghosts
  };
  /// rho >= the floor of the control; owned + ghosts, ghosts up to date. Collective.
  SolveReport find(const Step& step, std::vector<double>& rho);
  /// Takes the cells into play whose density is below `below`; false where there are none on any
  /// rank. Collective.
  [[nodiscard]] bool take_tails(std::span<const double> rho, double below);
  /// Of the cells in play: where the density is less than `tail_factor` of what such a step lets flow
  /// in from its neighbours as they are, it becomes that, but no more than `below`; ghosts up to date
  /// after. Collective.
  void raise_tails(const Step& step, double below, std::vector<double>& rho);

 private:
  SolveReport solve_fluxes(std::span<double> rho);
  void take_all();
  void set_rates(const Step& step);
  void weigh(const Step& step, const std::vector<double>& rho);
  void sweep(const Step& step, std::vector<double>& rho);

  const Mesh& mesh_;
  const SolverOptions options_;
  const NewtonControl control_;
  GibbsSolver gibbs_;
  std::unique_ptr<FluxSolver> solver_;               ///< where that one cannot; made when it is wanted
  std::vector<double> left_, right_;                 // per face: tau F = left rho_K + right rho_L
  std::vector<std::int32_t> cell_list_, face_list_;  // owned cells in play, and faces beside them
  std::vector<char> in_play_;                        // per cell, ghosts included
  std::vector<double> mass_, loss_;  // owned; what comes in, and vol + what goes out per rho
};

}  // namespace otto
