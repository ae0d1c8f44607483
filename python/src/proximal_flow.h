#pragma once
// A flow in proximal steps (newton/proximal_newton.h: one inner step, centred weights) with its derivative. At a
// solution (phi, rho) of a step from rho0, with J, L and H as there and kappa = 1/2, a change obeys
//
//   tau L dphi + J^T M drho = (M / kappa - (1 - kappa)/kappa J^T M) drho0,
//   J dphi - U'' drho       = dV + dU'/dkT dkT,
//
// since J^T M = M + kappa tau d(L(rho) phi)/d rho. For the cotangent lambda of rho the transposed system gives
//
//   H p = J^T lambda / U'',   s = (M J p - lambda) / U'',
//   V: s,   kT: s.(log rho + 1),   rho0: M (p - (1 - kappa) J p) / kappa.

#include <memory>
#include <span>
#include <vector>

#include "domain.h"
#include "otto/linear/proximal_system.h"
#include "otto/newton/proximal_newton.h"

namespace otto::python {

class ProximalFlow {
 public:
  /// `legs[l]`: the lengths of the steps of leg l. Collective; throws InputError without derivatives.
  ProximalFlow(std::shared_ptr<const Domain> domain, double temperature,
               std::vector<std::vector<double>> legs, double rtol);

  [[nodiscard]] const Domain& domain() const { return *flux_.domain; }
  [[nodiscard]] std::size_t legs() const { return legs_.size(); }
  /// V and rho of what follows: local fields. Forgets the steps made before.
  void start(std::vector<double> V, std::vector<double> rho);
  /// Makes the steps of the next leg; its end (local field). Collective; throws NumericalError.
  const std::vector<double>& next();
  /// Back through a leg: `lambda` (owned values), of its end, becomes that of its start. Adds to the gradient.
  /// Collective; throws NumericalError.
  void back(std::size_t leg, std::span<double> lambda, Gradient& gradient);

 private:
  struct Step {
    double tau = 0;
    std::vector<double> phi, rho0, rho;  ///< local fields
  };
  void adjoint_step(const Step& step, std::span<double> lambda, Gradient& gradient);
  void solve(std::span<const double> b, std::span<double> p);

  Flux flux_;
  double kT_, rtol_;
  std::vector<std::vector<double>> legs_;
  Transport transport_;
  ProximalNewton newton_;
  ProximalSystem system_;
  std::vector<double> V_, rho_, phi_;
  std::vector<std::vector<Step>> done_;
};

}  // namespace otto::python
