#pragma once
// A matrix of the cells, whole, on the first rank, its rows in the order of the cells' global numbers: as
// one rank alone has it. Where a method sees how the rows are shared out (hypre's multigrid, products of
// assembled matrices, factors of blocks) a run that is to have the same bits on any number of ranks
// ([run] reproducible) lets the first rank do what one rank alone would do, while the others wait.

#include <petscksp.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "otto/core/petsc_check.h"
#include "otto/linear/shifted_solver.h"

namespace otto {

/// The mesh, where a run on several ranks is to have the bits of one rank; else null.
[[nodiscard]] const Mesh* whole_mesh(const Mesh& mesh, const SolverOptions& options);

/// Carries values and matrices of the owned cells of all ranks to the first one, and values back.
class WholeRows {
 public:
  using MatOwner = PetscOwner<Mat, MatDestroy>;
  using Work = std::function<void(Vec in, Vec out)>;

  /// Keeps a reference to `mesh`. Collective.
  explicit WholeRows(const Mesh& mesh);

  [[nodiscard]] const Comm& comm() const { return comm_; }
  /// All values in the order of the global numbers, on the first rank; none elsewhere. Collective.
  [[nodiscard]] std::vector<double> gather(std::span<const double> owned) const;
  /// A with its rows and columns in that order, on the first rank; none elsewhere. `A` has PETSc's
  /// numbers, rank by rank. Collective.
  [[nodiscard]] MatOwner gather(Mat A) const;
  /// `out` = what work() makes of `in` on the first rank. Owned values. Collective.
  void apply(Vec in, Vec out, const Work& work);

 private:
  void scatter(const std::vector<double>& whole, double* owned) const;

  Comm comm_;
  std::vector<std::int64_t> key_;    ///< on the first rank: global numbers by PETSc's
  std::vector<int> count_, offset_;  ///< of the ranks' rows
  PetscOwner<Vec, VecDestroy> in_, out_;
};

/// A system whose matrix and preconditioner are on the first rank, for a Krylov method of all ranks.
class WholeSystem {
 public:
  /// The user's options with the prefix reach the preconditioner, and with `all` those without. Collective.
  WholeSystem(const Mesh& mesh, PCType type, const char* prefix, bool all);
  WholeSystem(const WholeSystem&) = delete;
  WholeSystem& operator=(const WholeSystem&) = delete;

  /// Gives `ksp` the preconditioner; may not move afterwards.
  void attach(KSP ksp);
  /// The matrices of the system and of its preconditioner, which may be one. Collective.
  void set(Mat A, Mat P);
  /// The product with A.
  [[nodiscard]] Mat shell() const { return shell_; }

 private:
  static PetscErrorCode multiply(Mat A, Vec in, Vec out);
  static PetscErrorCode precondition(PC pc, Vec in, Vec out);

  WholeRows rows_;
  WholeRows::MatOwner A_, P_, shell_;
  PetscOwner<PC, PCDestroy>
      pc_;  ///< of the first rank; the others hold one that never gets a matrix
};

}  // namespace otto
