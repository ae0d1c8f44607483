#pragma once
// Moves the masses F_f = (d L(rho) phi)_f of operators/transport.h across the faces, either as they
// are,
//
//   M rho1 = M rho0 - sum_f (e_K - e_L) F_f,                         f = K|L, left to right,
//
// or, where that would take more out of a cell than it holds, in the positive form of modified
// Patankar methods (Burchard, Deleersnijder, Meister, Appl. Numer. Math. 47, 2003): what leaves a
// cell is multiplied by rho1_K / pi_K,
//
//   M rho1 + sum_f (e_K - e_L) (F_f^+ rho1_K / pi_K - F_f^- rho1_L / pi_L) = M rho0,
//
// the system of an M-matrix whose columns sum to the volumes: rho1 >= 0 and mass kept for every F
// and every pi > 0. The two agree where pi is the rho1 of the first; a pi off by O(d^2) makes a
// difference of O(d^3).

#include <span>
#include <vector>

#include "otto/linear/flux_solver.h"
#include "otto/operators/transport.h"

namespace otto {

class PositiveTransport {
 public:
  /// Keeps a reference to `transport`. Collective.
  PositiveTransport(const Transport& transport, SolverOptions options);

  /// rho1 of the first form, which may be negative; returns <phi, L(density) phi>. Fields are owned
  /// + ghosts, ghosts up to date, also those of the result. Collective.
  double move(std::span<const double> phi, std::span<const double> density, double d,
              std::span<const double> rho0, std::vector<double>& rho1);
  /// rho1 >= 0 of the second form. `pi`: owned + ghosts; nothing leaves cells of pi = 0.
  /// Collective.
  SolveReport move_positive(std::span<const double> phi, std::span<const double> density, double d,
                            std::span<const double> pi, std::span<const double> rho0,
                            std::vector<double>& rho1);

 private:
  void set_rates(std::span<const double> phi, std::span<const double> pi);
  void sweep(std::span<const double> rho0, std::vector<double>& rho1);

  const Transport& transport_;
  const Mesh& mesh_;
  FluxSolver solver_;
  std::vector<double> left_, right_;   // per face: F = left rho_K + right rho_L
  std::vector<double> change_, loss_;  // owned
};

}  // namespace otto
