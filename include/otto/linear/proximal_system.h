#pragma once
// The symmetric positive definite system of one Newton iteration of a proximal step,
//
//     H x = b,     H = J^T Omega J + L_g,     Omega = diag(vol / U''),
//
// of the size of the cells (numerics of operators/transport.h): CG with a geometric multigrid on
// boxes, matrix-free, and with the algebraic one where coefficients jump or the geometric one is
// slow; with hypre's BoomerAMG on the assembled two-ring matrix elsewhere, where both are slow, or
// wherever the user names a preconditioner.

#include <memory>
#include <span>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/transport.h"

namespace otto {

/// The coefficients of H. `slope_left`, `slope_right` (which may be one array where the weights are
/// centred) and `g` per face, `omega` per owned cell.
struct ProximalCoefficients {
  std::span<const double> omega, slope_left, slope_right, g;
  [[nodiscard]] bool one_slope() const { return slope_left.data() == slope_right.data(); }
};

class ProximalSystem {
 public:
  /// Keeps a reference to `transport`. `jumps`: coefficients may differ by many orders of magnitude
  /// from cell to cell, which takes the algebraic multigrid on boxes. PETSc options apply, with
  /// prefix proximal_ or none. Collective.
  ProximalSystem(const Transport& transport, SolverOptions options, bool jumps = false);
  ~ProximalSystem();
  ProximalSystem(ProximalSystem&&) noexcept;

  /// A new step, whose density may have free boundaries: what those of the last one asked for is
  /// forgotten.
  void begin(bool fronts);
  /// The coefficients must live until the last solve with them. Collective.
  void set(const ProximalCoefficients& coefficients);
  /// What is to fall to rtol: the norm of the error in H (about r P^-1 r), which sees cells of all
  /// masses; or the residual, the masses not yet moved, known without another application of P^-1.
  enum class Stop { by_energy, by_residual };
  /// Solves from x = 0, to `rtol` (a smaller -ksp_rtol of the user's wins) or for `max_iterations` (-ksp_max_it likewise)
  /// with the last preconditioner tried. Owned values. Collective.
  SolveReport solve(std::span<const double> b, std::span<double> x, double rtol,
                    Stop stop = Stop::by_energy, int max_iterations = 200);
  /// x = P^-1 r, one application of the preconditioner. Owned values. Collective.
  void precondition(std::span<const double> r, std::span<double> x);
  /// out = H x, owned values. Collective.
  void apply(std::span<const double> x, std::span<double> out);
  /// The relative tolerance in force: -ksp_rtol where the user gave it, else [solver] rtol.
  [[nodiscard]] double rtol() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
