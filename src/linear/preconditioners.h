#pragma once
// The preconditioners of one symmetric positive definite system on a box, from the cheapest to the
// one that never failed: the geometric V-cycle; the same between two corrections on a free boundary
// (free_boundary.h), where there is one,
// and on all that is not empty; the algebraic one, made from the entries
// (multigrid/algebraic_cycle.h); hypre's BoomerAMG. A solve that goes too slowly with one of them is
// started again with the next, which is kept for the matrix.

#include <petscksp.h>

#include <functional>
#include <memory>

#include "free_boundary.h"
#include "otto/core/petsc_check.h"
#include "otto/linear/shifted_solver.h"
#include "otto/multigrid/algebraic_cycle.h"
#include "whole_matrix.h"

namespace otto {

/// When the iterations to come are foretold from the mean rate so far.
struct Foresight {
  int first_look = 3;         ///< the first two gain more than the others
  int second_look = 5;        ///< until then a count may be wrong by ...
  double first_patience = 2;  ///< ... this factor
};

class Preconditioners {
 public:
  /// z = B r of the geometric cycle; `scale` is the size of r.
  using Cycle = std::function<void(const double* r, double scale, double* z)>;
  /// The matrix with its entries. Collective.
  using Rows = std::function<multigrid::SparseMatrix()>;
  /// The same for PETSc; `whole`: in the order of one rank on the first one, if there is one. Collective.
  using Assemble = std::function<Mat(const WholeRows* whole)>;

  /// The cells of a free boundary's layer, per owned cell, or, `wide`, all that are not empty;
  /// nothing where there are none, or where their factors would cost too much. Collective.
  using Layer = std::function<std::vector<char>(bool wide)>;

  /// Without a `cycle` the algebraic one is the first. BoomerAMG stays on the first rank where whole_mesh() says so.
  Preconditioners(const Mesh& mesh, const SolverOptions& options, Cycle cycle, Rows rows,
                  Assemble assemble, Layer layer = nullptr);

  /// Gives `ksp` its preconditioner and its test of convergence. Keeps a reference to it, and may
  /// not move afterwards.
  void attach(KSP ksp);
  /// The matrix is another one; with `start_over` the geometric cycle gets a new chance.
  void changed(bool start_over);
  /// The correction on a free boundary is in force.
  [[nodiscard]] bool layered() const { return kind_ == Kind::layered; }
  /// The preconditioner in force without a free boundary, as a number to be remembered, and that one again.
  [[nodiscard]] int choice() const { return int(kind_); }
  void choose(int choice) { kind_ = Kind(choice); }
  /// Sets up the preconditioner in force. Collective.
  void make();
  /// Writes what a solve is to start from.
  using Guess = std::function<void(Vec u)>;
  /// u = solution for b from a guess (null: from 0), by way of whatever it takes. `rtol` is that of
  /// the KSP. Collective.
  SolveReport solve(Vec b, Vec u, double rtol, const Guess& guess = nullptr);

 private:
  enum class Kind { geometric, layered, algebraic, boomeramg };
  using PcOwner = PetscOwner<PC, PCDestroy>;

  static PetscErrorCode apply(PC pc, Vec r, Vec z);
  static PetscErrorCode test(KSP ksp, PetscInt k, PetscReal norm, KSPConvergedReason* reason,
                             void* context);
  PetscErrorCode apply(Vec r, Vec z);
  PetscErrorCode cycle(Vec r, Vec z);
  PetscErrorCode layered(Vec r, Vec z);
  void make_boomeramg();
  [[nodiscard]] Kind after(Kind kind);
  enum class Verdict { none, slow, bad_guess };
  [[nodiscard]] Kind cheapest() const { return cycle_ ? Kind::geometric : Kind::algebraic; }
  [[nodiscard]] Verdict judge(PetscInt k, double norm);
  bool next(Vec u, const Guess& guess);

  const Mesh& mesh_;
  SolverOptions options_;
  Foresight foresight_;
  Cycle cycle_;
  Rows rows_;
  Assemble assemble_;
  Layer layer_;
  Kind kind_;
  Kind made_ = Kind::geometric;       ///< the one last set up, which the geometric one need not be
  bool wide_ = false;                 ///< the layer, which was too narrow
  std::unique_ptr<WholeRows> whole_;  ///< of a run with the same bits on several ranks
  std::unique_ptr<FreeBoundary> boundary_;
  PetscOwner<Vec, VecDestroy> rest_, more_;
  std::unique_ptr<multigrid::AlgebraicCycle> algebraic_;
  PcOwner boomeramg_;
  KSP ksp_ = nullptr;
  void* standard_ = nullptr;                         ///< context of KSPConvergedDefault
  double wanted_ = 0;                                ///< relative tolerance of the present solve
  double first_ = 0, target_ = 0, worst_guess_ = 0;  ///< norms
  Verdict verdict_ = Verdict::none;
};

}  // namespace otto
