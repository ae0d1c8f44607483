#pragma once
// One Krylov solve: method, operator, preconditioner and tolerance, and the prefix under which a
// user's options for PETSc reach it. docs/methods/petsc_options.md lists the prefixes.

#include <petscksp.h>

#include <functional>
#include <memory>
#include <span>

#include "otto/core/petsc_check.h"
#include "otto/linear/shifted_solver.h"
#include "whole_matrix.h"

namespace otto {

/// How a system is solved. `rtol` is relative to the right-hand side, in the norm of the solve.
struct KrylovControl {
  /// Which of the user's options without a prefix (`-ksp_...`, `-pc_...`) reach the solve: those of
  /// a time step take all of them; a solve inside of one, of another kind than the user can mean,
  /// takes the tolerance or nothing.
  enum class Unprefixed { all, rtol, none };

  const char* prefix = "";    ///< "transport_": -transport_ksp_... reaches this solve alone
  KSPType method = KSPGMRES;  ///< CG where the system is symmetric positive definite
  double rtol = 1e-8;         ///< [solver] rtol where the solve is a step's own
  /// Absolute tolerance and limit of growth: off, since right-hand sides have any size.
  double atol = 1e-300, max_growth = 1e30;
  /// More than any solve has been seen to need: one that is not done by then will not be.
  int max_iterations = 500;
  int restart = 60;  ///< of GMRES: vectors held; counts stay below it with a working multigrid
  /// CG: the natural norm, r.P^-1 r, sees cells of all masses. GMRES stands with its preconditioner
  /// on the right, so that its norm is that of the residual itself.
  KSPNormType norm = KSP_NORM_DEFAULT;
  PCType preconditioner = PCHYPRE;  ///< of an assembled matrix
  Unprefixed unprefixed = Unprefixed::all;
  /// whole_mesh() of the options: an assembled matrix and its preconditioner go to the first rank. Null: they do not.
  const Mesh* whole = nullptr;
};

/// Method, tolerances and norm of the control.
void set_method(KSP ksp, const KrylovControl& control);
/// From now on `ksp` has that prefix, and the user's options with it are taken.
void take_prefixed_options(KSP ksp, const char* prefix);
/// -ksp_rtol as it reaches the solve, with its prefix or without; -1: not given.
[[nodiscard]] double user_rtol(const KrylovControl& control);
/// Whether the user gave an option ("-ksp_norm_type"), with the prefix or without.
[[nodiscard]] bool user_option(const char* prefix, const char* name);

class KrylovSolver {
 public:
  /// out = A in, on the values this rank owns. Collective.
  using Apply = std::function<void(std::span<const double> in, std::span<double> out)>;

  /// For assembled matrices, preconditioned as the control says unless the options say otherwise.
  /// `owned`: unknowns of this rank. Collective.
  KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control);
  /// Matrix-free. Of the preconditioners a user names, only one with the prefix replaces
  /// `precondition`. What the two refer to must live as long as the solver. Collective.
  KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control, Apply multiply,
               Apply precondition);
  KrylovSolver(const KrylovSolver&) = delete;
  KrylovSolver& operator=(const KrylovSolver&) = delete;

  /// The matrix, and the one its preconditioner is made from. Collective.
  void set_matrix(Mat A, Mat P);
  /// x = A^-1 b from 0, to the user's rtol, else the control's. Collective.
  SolveReport solve(std::span<const double> b, std::span<double> x);
  /// Likewise to `rtol`, or the user's where it is smaller.
  SolveReport solve(std::span<const double> b, std::span<double> x, double rtol);

 private:
  void take_options(const KrylovControl& control);
  SolveReport run(std::span<const double> b, std::span<double> x);

  MPI_Comm comm_;
  PetscInt owned_;
  Apply multiply_, precondition_;
  double user_rtol_;  ///< -1: none
  double rtol_;       ///< the user's, else the control's
  std::unique_ptr<WholeSystem> whole_;
  PetscOwner<Mat, MatDestroy> shell_;
  PetscOwner<KSP, KSPDestroy> ksp_;
  PetscOwner<Vec, VecDestroy> b_, x_;
};

}  // namespace otto
