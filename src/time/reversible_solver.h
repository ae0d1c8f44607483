#pragma once
// The two systems of an implicit step with detailed balance,
//
//   (M + c A) x = b    and    (M + c A)^T x = b,    A rho = -M Q rho the divergence of the fluxes.
//
// A diag(pi) is symmetric, so S = M diag(pi) + c A diag(pi) serves both: S (x / pi) = b, and S x = pi b. Both are
// ShiftedSolver's, on boxes with its multigrid. The residual of the second is weighted with pi and tells nothing of
// cells where pi is small. So it is solved again for what is left,
//
//   r = pi b - S x,   S e = r,   x += e,   until |D^-1 r| <= rtol |D^-1 pi b|,   D the diagonal of S,
//
// which leaves every row of the second system with about the same error.

#include <memory>
#include <span>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/generator.h"
#include "step_guess.h"

namespace otto {

struct ReversibleOptions {
  /// Of V/kT, up to which pi and its inverse are ordinary numbers.
  double max_range = 650;
  /// Solves of a transposed system. One reaches cells whose pi is down to about rtol of the largest.
  int max_passes = 6;
  /// The residual is to be less than what is enough by this factor, so that one solve will do.
  double margin = 0.5;
  /// Of ||r|| / ||pi b|| to |D^-1 r| / |D^-1 pi b|, which is taken from the solve before: below it, passes are cheaper.
  double min_weight = 1e-4;
  /// The residual of every so-manieth transposed solve is looked at, for its ratio changes little from step to step; of
  /// every one beyond `tame` V/kT, where cells weigh too little for the tolerance of the solve to see them.
  int checks = 4;
  double tame = 30;
  /// Of |x|: residuals below it are rounding. A row of D^-1 S has moduli of sum 2 at most.
  double rounding = 1e-15;
};

class ReversibleSolver {
 public:
  /// Keeps a reference to the generator, whose V and kT stay. Collective.
  ReversibleSolver(const Generator& generator, const ReversibleOptions& options);
  /// Whether a generator is one for it. The same on every rank.
  static bool serves(const Generator& generator, const ReversibleOptions& options);

  /// The solution, to `rtol` of b; x: owned values, in the transposed system local ones. The guess has a past of
  /// solutions, of those of the transposed system times pi; where it has none x, or 0, is the start. False where the
  /// tolerance was not reached, for TransportPair to do. Collective.
  [[nodiscard]] bool solve(double c, std::span<const double> b, StepGuess& guess,
                           std::span<double> x, double rtol);
  [[nodiscard]] bool solve_transposed(double c, std::span<const double> b, StepGuess& guess,
                                      std::span<double> x, double rtol);

  [[nodiscard]] long iterations() const { return iterations_; }  ///< of the Krylov method, so far

 private:
  void set(double c);
  SolveReport run(double c, std::span<const double> b, std::span<double> x, double rtol);
  /// Of D^-1 b, x and D^-1 r.
  struct Norms {
    double b, x, r;
  };
  [[nodiscard]] bool look(int pass);
  Norms residual(std::span<const double> b, std::span<double> x);

  const Generator& generator_;
  const Mesh& mesh_;
  ReversibleOptions options_;
  ShiftedSolver solver_;
  double c_ = -1;
  std::vector<double> pi_, omega_,
      conductance_;                    ///< S = diag(omega) + c (Laplacian of the conductances)
  std::vector<double> inverse_;        ///< of the diagonal of S
  std::vector<double> b_, y_, r_, e_;  ///< pi b, pi x, and what is left of them
  int unchecked_ = 0;                  ///< transposed solves since the last look
  double weight_ = 0.5;                ///< of the last transposed solve, times `margin`
  long iterations_ = 0;
};

}  // namespace otto
