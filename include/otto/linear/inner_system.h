#pragma once
// The linear algebra of Newton's method for a proximal step in N inner steps (inner_newton.h): with
// z = U'' drho_N all other unknowns of one iteration follow from two passes through the steps,
//
//   backward   x_N = J+_N^-1 (z + s_N),     x_k = J+_k^-1 (J-_(k+1) x_(k+1) + s_k),
//   forward    y_k = J+_k^-T (J-_k^T y_(k-1) + c d L_k x_k + r_k),     y_0 = 0,
//
// J+-_k = I +- (weight) d slopes of phi_k with the weights kappa and -(1 - kappa). With B_k: z ->
// x_k the system for z is symmetric positive definite and of the size of the cells,
//
//   H z = b,     H = M / U'' + sum_k B_k^T d L_k B_k.
//
// Where the slopes are frozen, waves of d |v| wavenumber = s have |B_k|^2 = q^(N-k) / (1 + kappa^2
// s^2), q = (1 + (1 - kappa)^2 s^2) / (1 + kappa^2 s^2), and the sum over k lies between its limits
// for small and large s as N / (1 + t^2 N^2 s^2) does with
//
//   t^2 = (2 kappa - 1) / (N (1 - ((1 - kappa) / kappa)^(2N))):
//
// 1/N for kappa = 1 and 1/(4 N^2) for kappa = 1/2, one step of length t tau. Hence the
// preconditioner, exact for N = 1,
//
//   P^-1 = J~ H~^-1 J~^T,   J~ = I + t tau slopes of phi_N,   H~ = J~^T (M / U'') J~ + tau L~,
//
// L~ with the mean of all rhobar_k (that of rho_N alone takes twice as many iterations where mass
// enters or leaves a vacuum), and with one cycle of ProximalSystem for H~^-1.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "otto/linear/jacobian_solver.h"
#include "otto/linear/proximal_system.h"

namespace otto {

/// The steps' potentials and densities, k = 1..N at index k - 1: owned + ghosts, ghosts up to date.
struct InnerChain {
  double d = 0, kappa = 1;
  std::span<const double> rho0;
  std::vector<std::vector<double>> phi, rho;
  /// rhobar of a step.
  [[nodiscard]] double mean(double before, double after) const {
    return kappa * after + (1 - kappa) * before;
  }
  [[nodiscard]] std::size_t steps() const { return phi.size(); }
  /// The density before step k (index k = 0..N-1).
  [[nodiscard]] std::span<const double> before(std::size_t k) const {
    return k == 0 ? rho0 : std::span<const double>(rho[k - 1]);
  }
};

class InnerSystem {
 public:
  using Fields = std::vector<std::vector<double>>;
  /// Adds the source of step k (index) to an owned field.
  using Source = std::function<void(std::size_t k, std::span<double> to)>;
  /// Takes what a forward pass found for step k.
  using Take = std::function<void(std::size_t k, std::span<const double> y)>;

  /// Keeps references. PETSc options without prefix apply to the CG and to the cycle's KSP.
  /// Collective.
  InnerSystem(const Transport& transport, const InnerChain& chain, SolverOptions options);
  ~InnerSystem();

  /// A new step, whose density may have free boundaries (ProximalSystem::begin).
  void begin(bool fronts);
  /// Coefficients from the chain; `omega` = vol / U'' per owned cell, which must live until the
  /// last solve. L_k is made with densities of at least `held`. Collective.
  void set(std::span<const double> omega, double held);
  /// x_k, owned + ghosts, from z (owned; empty: 0) and s (may be empty). Collective; false where a
  /// transport solve fails.
  [[nodiscard]] bool backward(std::span<const double> z, const Source& s, Fields& x);
  /// y = y_N from x, c and r (may be empty), owned. Likewise.
  [[nodiscard]] bool forward(double c, const Fields& x, const Source& r, const Take& take,
                             std::span<double> y);
  /// H z = b from z = 0 in the norm of the preconditioned residual; `work` is overwritten.
  SolveReport solve(std::span<const double> b, std::span<double> z, double rtol, Fields& work);

  [[nodiscard]] JacobianSolver::Work take_work();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
