#pragma once
// The one linear system of Fokker-Planck steps: given c >= 0 and weights sigma >= 0,
//
//     (diag(vol sigma) - c M Q) rho = b,
//
// with sigma = 1 for linear steps, other weights inside Newton. For a symmetric generator it is
// solved for u = rho / pi, where it is symmetric positive definite, by CG; on boxes with a geometric
// multigrid, and where the coefficients are too rough for it with an algebraic one; else for rho by
// GMRES. b is a mass per cell, and the tolerance is on its 2-norm.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/core/archive.h"
#include "otto/operators/generator.h"

namespace otto {

class Section;

/// Beyond this range of V/kT, pi and its inverse no longer fit a double together: no symmetric form.
inline constexpr double symmetric_range = 1340;

/// What a linear solve did. Look at it: an unconverged solve must refuse the step.
struct [[nodiscard]] SolveReport {
  bool converged = false;        ///< else the density is not to be used
  int iterations = 0;            ///< of the Krylov method
  double relative_residual = 0;  ///< ||b - A rho|| / ||b||
  std::string reason;            ///< PETSc's reason in words
  bool algebraic = false;        ///< the geometric multigrid gave way to the algebraic one
  bool fallback = false;         ///< and that to hypre's BoomerAMG
};

/// How the linear systems of a step are solved.
struct SolverOptions {
  double rtol = 1e-8;  ///< [solver] rtol
  /// [run] reproducible: where a method sees the partition, the first rank does what one alone would do.
  bool reproducible = false;
  /// Of a system on a box: when its first iterations foretell more than this many, the algebraic
  /// multigrid takes over from the geometric one. Its set-up and the ten it takes cost about what
  /// twice as many cost; but they serve all solves with the same matrix.
  int geometric_iterations = 14;
  /// The same for the system of a proximal step, whose set-up of the algebraic multigrid costs more.
  int proximal_iterations = 24;
  /// After this many with the algebraic multigrid BoomerAMG takes over. It never took more than 20
  /// on rugged landscapes.
  int algebraic_iterations = 60;
  // The layer of a free boundary (src/linear/free_boundary.h)
  int layer_rings = 2;        ///< of the matrix's graph around the layer of a free boundary
  double layer_empty = 1e-9;  ///< conductances, over the largest, of cells that are empty
  /// Operations of a layer's factors, n^(3/2) of n cells in the plane (a nested dissection), n^2 in
  /// space: about a second.
  double layer_work = 3e7;
};
SolverOptions read_solver(const Section& solver);  ///< of a [solver] table
/// Before a method is used whose results depend on the number of ranks: throws NumericalError where options forbid it.
/// `method`: "a preconditioner chosen by -pc_type".
void refuse_irreproducible(const SolverOptions& options, const std::string& method);

/// pi = exp(-(V - V_mid)/kT) of the local cells, to the last bit those the symmetric form is written
/// in; V_mid is half-way between the least and the largest V. Collective.
std::vector<double> gibbs_weights(const Generator& generator);

/// The solver and what it keeps from one system to the next.
class ShiftedSolver {
 public:
  /// Keeps a reference to `generator`. PETSc options apply, with prefix shifted_ or none. Collective.
  ShiftedSolver(const Generator& generator, SolverOptions options);
  ~ShiftedSolver();
  ShiftedSolver(ShiftedSolver&&) noexcept;  ///< what is moved from can only be destroyed

  /// Solves for rho (owned values used and returned; the input is the initial guess). `sigma` and
  /// `b`: owned values; an empty sigma means 1. Collective. The hierarchy is kept as long as c,
  /// sigma (empty) and the generator's version stay the same.
  SolveReport solve(double c, std::span<const double> sigma, std::span<const double> b,
                    std::span<double> rho);
  /// The relative tolerance in force: -ksp_rtol where the user gave it, else [solver] rtol.
  [[nodiscard]] double rtol() const;
  /// The same with another relative tolerance, for inner solves (a smaller -ksp_rtol wins).
  SolveReport solve(double c, std::span<const double> sigma, std::span<const double> b,
                    std::span<double> rho, double rtol);
  /// Which preconditioner serves the present matrix, where rates do not depend on time: with the one that a rough right-hand
  /// side has asked for a resumed run goes on as the one that was stopped. Collective.
  void remember(Archive& archive);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
