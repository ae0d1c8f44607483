#pragma once
// exp(tau Q) rho by a shift-and-invert Krylov method (van den Eshof, Hochbruck 2006; Moret, Novati
// 2004): the operator S = (I - c Q)^{-1} has its spectrum in (0, 1] whatever the mesh, so the
// Krylov space of S approximates exp(tau Q) = f(S), f(s) = exp(tau / c (1 - 1/s)), in 10 to 20
// solves.

#include <span>
#include <string>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"

namespace otto {

/// What became of one attempt.
struct ActionReport {
  double reached = 0;         ///< time advanced, <= what was asked; 0: failed, see reason
  double error_estimate = 0;  ///< L1, an upper estimate
  int solves = 0;             ///< with the resolvent
  int iterations = 0;         ///< of all of them
  int max_iterations = 0;     ///< of one
  std::string reason;         ///< why it failed
};

/// When a Krylov space is believed, and when given up.
struct ActionOptions {
  int max_vectors = 40;  ///< of one Krylov space: what is not reached with these is halved
  int min_vectors = 3;   ///< before an estimate is believed
  /// The next change of the coefficients, guessed from the last one, at least: one small change alone
  /// is no convergence.
  double min_decrease = 0.1;
  /// (max V - min V) / kT up to which pi and 1/pi are ordinary numbers.
  double max_range = 600;
  /// Of the bound of a density's L1 norm by that in L2(1/pi), over the norm itself. Beyond it the
  /// vectors are made of tails, and their coefficients seem to have converged before anything else
  /// has entered the space.
  double max_tails = 1e3;
  double at_rest = 1e-14;     ///< of the mass away from the Gibbs state: rounding
  double solver_part = 1e-2;  ///< of the tolerance, left to each solve
  double min_rtol = 1e-13;    ///< of solves: rounding
  double max_rtol = 1e-6;     ///< of solves: the space must be one of the resolvent
  double invariant = 1e-13;   ///< entry below the diagonal with which the space is complete
  double min_part = 1e-3;     ///< of tau, below which the action is given up
};

/// For a generator that does not change. With detailed balance the Gibbs part of the density is
/// split off, which is exact, and the rest is projected in L2(1/pi), where Q is self-adjoint. In
/// plain L2 without it, where 1/pi would overflow, and where the density falls off so much more
/// slowly than pi that L2(1/pi) sees nothing but its tails.
class ExponentialAction {
 public:
  /// Keeps references to both. Collective.
  ExponentialAction(const Generator& generator, ShiftedSolver& solver,
                    const ActionOptions& options = {});

  /// Replaces rho (owned values) by exp(s Q) rho, s <= tau as large as the estimate L1 error <=
  /// tolerance s / tau allows with one Krylov space of the pole c. Collective.
  ActionReport advance(std::span<double> rho, double tau, double c, double tolerance);

 private:
  struct Space;  // basis, projected operator
  /// The norm of the projection: x = rho scale has plain dot products.
  struct Norm {
    bool symmetric = false;     // Q is self-adjoint in it
    std::vector<double> scale;  // sqrt(vol / pi), or sqrt(vol)
    double to_l1 = 0;           // |rho|_L1 <= to_l1 |x|_2
  };
  [[nodiscard]] Norm make_norm(bool symmetric) const;
  /// Into `rest`: the density without its Gibbs part, scaled. Returns its L1 norm. Collective.
  double split_gibbs(std::span<const double> rho, std::vector<double>& rest);
  bool extend(Space& space, double c, double rtol, ActionReport& report);
  void combine(const Space& space, std::span<const double> coefficients, std::span<double> rho);

  const Generator& generator_;
  const Mesh& mesh_;
  ShiftedSolver& solver_;
  ActionOptions options_;
  bool split_;                 // the Gibbs density is known and stays
  std::vector<double> gibbs_;  // normalised to mass 1; empty without detailed balance
  Norm norm_;                  // of the density being advanced
  double gibbs_mass_ = 0;      // of the density being advanced
  std::vector<double> b_;
};

}  // namespace otto
