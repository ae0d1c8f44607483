#pragma once
// The Fokker-Planck flow and the Poisson equation of a density p given by the energies V_i of the
// cells at temperature 1, by the solver's own generator Q (p is at rest exactly). Densities travel
// as masses m_i = vol_i rho_i of the owned cells.

#include <memory>
#include <span>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/mesh/mesh.h"

namespace otto {

class GridFlow {
 public:
  /// Keeps a reference to `mesh`. Collective.
  GridFlow(const Mesh& mesh, const SolverOptions& options);
  ~GridFlow();
  GridFlow(const GridFlow&) = delete;
  GridFlow& operator=(const GridFlow&) = delete;

  /// The energies of the owned cells. Collective.
  void set(std::span<const double> V);
  /// One step of implicit Euler: (I - dt Q) m1 = m0; non-negative, mass kept. Returns iterations of
  /// the linear solver. Collective; throws NumericalError.
  int step(double dt, std::span<double> mass);
  /// x solves -div(p grad psi) = b with x = p psi, both as masses, for b of sum 0; psi has mean 0
  /// with respect to p. Returns iterations. Collective; throws NumericalError.
  int poisson(std::span<const double> b, std::span<double> x);
  /// One proximal step m1 = argmin KL(m|p) + W2^2(m, m0) / (2 tau) of the linearised distance
  /// (newton/proximal_newton.h), in halves where Newton's method does not converge. Returns Newton's
  /// iterations. Collective; throws NumericalError.
  int proximal(double tau, std::span<double> mass);
  /// The second-order step: phi - tau L phi = log(m/p), L the generator's adjoint, then m moved by
  /// v = -grad phi for the time tau (linear/positive_transport.h). Returns iterations. Collective;
  /// throws NumericalError.
  int second_order(double tau, std::span<double> mass);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
