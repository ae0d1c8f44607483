#pragma once
// One proximal (JKO) step whose Wasserstein distance is taken in N inner steps of length
// d = tau / N,
//
//   rho_N = argmin  N/2 sum_k d <phi_k, L(rhobar_k) phi_k> / N + F(rho_N),
//   M (rho_(k-1) - rho_k) = d L(rhobar_k) phi_k,
//   rhobar_k = kappa rho_k + (1 - kappa) rho_(k-1),
//
// the discrete form of Benamou and Brenier's, exact for N -> infinity; N = 1 is proximal_newton.h.
// With G+ of length kappa d and G- of length -(1 - kappa) d (operators/transport.h) its optimality
// conditions for phi_k, rho_k, k = 1..N, are
//
//   r_k = M (rho_(k-1) - rho_k) - d L(rhobar_k) phi_k = 0,
//   g_k = G+(phi_k) - G-(phi_(k+1)) = 0,  k < N,      g_N = G+(phi_N) - U'(rho_N) - V = 0.
//
// Newton's method, with everything eliminated onto z = U'' drho_N:
//
//   (M / U'' + sum_k B_k^T d L_k B_k) z = sum_k B_k^T (r_k - d L_k c_k),
//   B_k = J+_k^-1 J-_(k+1) ... J-_N J+_N^-1,
//
// c_k being the same passes with -g_k (linear/inner_system.h).
//
// Densities between may want to be negative under centred weights where they jump from cell to cell:
// what does not converge is tried with blended weights (operators/transport.h), then upwind.
//
// It starts from the solution for N = 1: rho_k linear in k, phi_k moved along the Hamilton-Jacobi
// equation from where that phi stands, at the time (1 - kappa) tau.

#include <memory>
#include <span>
#include <vector>

#include "otto/newton/proximal_newton.h"

namespace otto {

class InnerNewton {
 public:
  /// Keeps references. N >= 1.
  InnerNewton(const FreeEnergy& energy, const Transport& transport, SolverOptions options, int N,
              const NewtonControl& control = {});
  ~InnerNewton();

  /// `phi` and `rho` (owned + ghosts): the solution for N = 1 in; phi_N and rho_N out. `step.rho0`
  /// is the density that solution started from. Where it does not converge both are spoilt.
  /// Collective.
  NewtonReport solve(const ProximalStep& step, std::vector<double>& phi, std::vector<double>& rho);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
