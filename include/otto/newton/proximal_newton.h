#pragma once
// One proximal (JKO) step with the linearised Wasserstein distance (LJKO),
//
//   rho1 = argmin  tau/2 <phi, L(rho_bar) phi> + F(rho),   M (rho0 - rho) = tau L(rho_bar) phi,
//   rho_bar = kappa rho + (1 - kappa) rho0,
//
// by Newton's method for its optimality conditions in (phi, rho)
//
//   r = M (rho0 - rho) - tau L(rho_bar) phi = 0,       g = G(phi) - U'(rho) - V = 0,
//
// G of length kappa tau (operators/transport.h). Eliminating rho leaves, with J = G',
//
//   H dphi = r - J^T M g / U'',   H = J^T (M / U'') J + tau L(rho_bar),
//   drho = (J dphi + g) / U''.
//
// rho = U*'(G(phi) - V) >= 0 for every weight, since U*' >= 0: where U'(0+) = -inf nothing more is
// needed; elsewhere, and where rho <= P, multipliers stand beside the density (interior_point.h).
// An interaction joins V as W * rho, in the residual and in Newton's matrix (coupled_system.h).

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/linear/proximal_system.h"
#include "otto/newton/newton_control.h"
#include "otto/operators/transport.h"

namespace otto {

/// Where a proximal step starts from. Fields are owned + ghosts, ghosts up to date.
struct ProximalStep {
  double tau = 0;
  double kappa = 0.5;  ///< weight of rho1 in the distance's density: 1 or 1/2
  std::span<const double> rho0;
  std::span<const double> V;
  bool cold = true;   ///< there is no guess of phi
  bool paths = true;  ///< where no guess converges, go by way of hotter or shorter steps
};

/// Weights at the faces that the inner steps of a proximal step were taken with (inner_newton.h).
enum class InnerWeights { asked, blended, upwind };

struct [[nodiscard]] NewtonReport {
  bool converged = false;
  std::string reason;  ///< why not
  bool cold = false;   ///< it started from the density: there was no guess of phi, or a poor one
  bool followed_path = false;  ///< by way of hotter or shorter steps: no guess converged
  int iterations = 0;
  int linear_iterations = 0, max_linear_iterations = 0;
  int patch_iterations = 0;  ///< of CG on patches, without a preconditioner's cycle
  double optimality = 0;     ///< (sum |r| + sum vol |g| / U'') / mass: the step's certificate
  double gap =
      0;  ///< how far above its least value (with bounds), or F above F(rho0), what is left of the
          ///< equations may leave the step's functional
  long transport_solves = 0;  ///< with J or J^T, and sweeps over the cells they took (N > 1)
  long transport_sweeps = 0;
  InnerWeights weights = InnerWeights::asked;  ///< of the inner steps
  bool loose = false;  ///< inner steps: their best iterate, where Newton's method did not end
  double kinetic = 0;  ///< <phi, L(rho_bar) phi>; W2^2 / tau^2 to the step's order
};

class ProximalNewton {
 public:
  /// Keeps references. Collective.
  ProximalNewton(const FreeEnergy& energy, const Transport& transport, SolverOptions options,
                 const NewtonControl& control = {});
  ~ProximalNewton();

  /// `phi`: guess in, solution out; `rho`: solution out (owned + ghosts, resized). Where it does
  /// not converge both are spoilt. Collective.
  NewtonReport solve(const ProximalStep& step, std::vector<double>& phi, std::vector<double>& rho);
  /// The density the last `solve` started from: rho0, nowhere quite empty where U' has a logarithm.
  /// Owned + ghosts.
  [[nodiscard]] const std::vector<double>& start() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
