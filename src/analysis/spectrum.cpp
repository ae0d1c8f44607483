// Krylov-Schur (Stewart 2001, in SLEPc) on S with the equilibrium y = sqrt(omega) deflated, where
// there is one (nothing is absorbed). The pole c = (diameter)^2 / kT lets c lambda be of order 10 for
// free diffusion and more in a landscape, so that theta falls off like 1 / (c lambda): a dozen solves
// give several modes.
//
// Each vector found goes through S once more, as u: where pi is far below rounding, u cannot be
// computed from y = sqrt(omega) u, and A would blow up what is left of high frequencies. Its rate is the
// quotient over faces (quotient.h), a sum of non-negative terms: small rates lose no digits, as
// 1/theta - 1 would.
//
// Wells deeper than 22 kT leave theta nearer to 1 than 1e-9. Their modes come from
// capacities first (deep_modes.h) and are deflated like the equilibrium.
//
// How wrong a quotient may be: with its residual r = |A y - lambda y| / |y| and no other eigenvalue
// below beta, lambda - r^2 / (beta - lambda) <= true rate <= lambda (Kato, Temple); and one lies
// within r in any case.

#include "otto/analysis/spectrum.h"

#include <fmt/format.h>
#include <slepceps.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>
#include <span>

#include "cell_width.h"
#include "deep_modes.h"
#include "mean_diffusion.h"
#include "otto/core/error.h"
#include "otto/core/petsc_check.h"
#include "otto/linear/reproducible_vector.h"
#include "otto/mesh/rows.h"
#include "otto/multigrid/splitting.h"
#include "quotient.h"
#include "reach.h"

namespace otto {

namespace {

using EpsOwner = PetscOwner<EPS, EPSDestroy>;
using MatOwner = PetscOwner<Mat, MatDestroy>;
using VecOwner = PetscOwner<Vec, VecDestroy>;

/// SLEPc runs while one of these lives; PETSc runs before and after.
struct SlepcSession {
  SlepcSession() { check(SlepcInitializeNoArguments()); }
  ~SlepcSession() { SlepcFinalize(); }
  SlepcSession(const SlepcSession&) = delete;
  SlepcSession& operator=(const SlepcSession&) = delete;
};

/// What the shell matrix of S needs. y = scale rho, scale = sqrt(vol / pi).
struct Resolvent {
  Resolvent(const Mesh& m, ShiftedSolver& s, double pole, double tolerance,
            std::span<const double> pi)
      : mesh(m), solver(s), c(pole), rtol(tolerance), b(std::size_t(m.owned)), rho(b.size()) {
    for (std::size_t k = 0; k < b.size(); ++k) scale.push_back(std::sqrt(m.volume[k] / pi[k]));
  }

  const Mesh& mesh;
  ShiftedSolver& solver;
  double c, rtol;
  std::vector<double> scale, b, rho;
  int solves = 0, iterations = 0;
  std::string failure;

  void apply(const double* in, double* out) {
    for (std::size_t k = 0; k < b.size(); ++k) b[k] = mesh.volume[k] * in[k] / scale[k];
    std::ranges::fill(rho, 0.0);
    const SolveReport report = solver.solve(c, {}, b, rho, rtol);
    ++solves;
    iterations += report.iterations;
    if (!report.converged) failure = report.reason;
    for (std::size_t k = 0; k < b.size(); ++k) out[k] = scale[k] * rho[k];
  }
};

PetscErrorCode multiply(Mat S, Vec x, Vec y) {
  void* context = nullptr;
  PetscCall(MatShellGetContext(S, &context));
  auto& resolvent = *static_cast<Resolvent*>(context);
  const double* in = nullptr;
  double* out = nullptr;
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  try {
    resolvent.apply(in, out);
  } catch (const std::exception& e) {
    resolvent.failure = e.what();
  }
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(VecRestoreArrayRead(x, &in));
  return resolvent.failure.empty() ? 0 : PETSC_ERR_CONV_FAILED;
}

constexpr double rounding = 1e-13;  // of a quotient: V/kT of some hundreds in exponents

void require_detailed_balance(const Generator& generator) {
  if (!generator.symmetric()) {
    throw InputError(
        "the spectrum needs detailed balance: an entropy term, a flux other than 'upwind' and "
        "'centred', and no [drift]");
  }
  if (generator.range() > DeepOptions{}.max_range) {
    throw InputError(
        fmt::format("V/kT ranges over {:.0f}, more than exp(-V/kT) can follow; bound the external "
                    "energy where nothing ever goes (min(V, ...), or 'cap' in the library)",
                    generator.range()));
  }
}

/// Each piece of a domain that keeps its mass has a rate 0 of its own.
void require_reachable(const Generator& generator) {
  if (!generator.absorbs()) return require_one_piece(generator, "the equilibrium");
  const Outlets outlets = outlets_of(generator);
  const Mesh& mesh = generator.mesh();
  const double part =
      part_cut_off(mesh, outlets, std::span(mesh.volume).first(std::size_t(mesh.owned)));
  if (part > 0) {
    throw NumericalError(
        fmt::format("nothing ever leaves {:.3g} % of the domain, which has the rate 0; run the "
                    "other pieces as a mesh of their own",
                    100 * part));
  }
}

/// Largest distance between two cells, roughly: the diagonal of the box around the centres.
double diameter(const Mesh& mesh) {
  double square = 0;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    double low = 1e300, high = -1e300;
    for (std::int32_t k = 0; k < mesh.owned; ++k) {
      low = std::min(low, mesh.center[std::size_t(k)][a]);
      high = std::max(high, mesh.center[std::size_t(k)][a]);
    }
    const double length = mesh.comm.max(high) - mesh.comm.min(low);
    square += length * length;
  }
  return std::sqrt(square);
}

/// The error of each mode, slowest first (see above). Modes within a factor of two are taken
/// together: the next rate beyond them is beta, and their residuals add up.
void bound_errors(std::vector<Mode>& modes) {
  for (std::size_t k = 0; k < modes.size(); ++k) {
    Mode& mode = modes[k];
    double square = 0, beta = 0;
    for (std::size_t j = k; j < modes.size() && !(beta > 0); ++j) {
      const double lower = modes[j].rate * (1 - std::min(1.0, modes[j].residual));
      if (lower > 2 * mode.rate) {
        beta = lower;
      } else {
        square += std::pow(modes[j].residual * modes[j].rate, 2);
      }
    }
    const double temple = beta > 0 ? square / (beta - mode.rate) / mode.rate : 1;
    mode.error = std::max(rounding, std::min({1.0, mode.residual, temple}));
    if (!(mode.rate > 0) || std::isnan(mode.residual)) mode.error = 1;
  }
}

void fill(Vec v, const std::vector<double>& values) {
  double* to = nullptr;
  check(VecGetArrayWrite(v, &to));
  std::ranges::copy(values, to);
  check(VecRestoreArrayWrite(v, &to));
}

[[noreturn]] void refuse_solve(const Resolvent& resolvent) {
  throw NumericalError("a linear solve of the spectrum failed: " + resolvent.failure);
}

/// Returns how many modes have converged, `count` at least.
int run(EPS eps, const Resolvent& resolvent, int count) {
  const PetscErrorCode code = EPSSolve(eps);
  if (!resolvent.failure.empty()) refuse_solve(resolvent);
  check(code);
  PetscInt found = 0;
  check(EPSGetConverged(eps, &found));
  if (found < count) {
    throw NumericalError(
        fmt::format("{} of {} modes converged in {} solves; ask for fewer with -k, or for a larger "
                    "-eps_ncv after --",
                    found, count, resolvent.solves));
  }
  return int(found);
}

/// Keeps the iteration away from these shapes, y = sqrt(omega) u.
void deflate(EPS eps, Vec like, const Quotient& quotient,
             const std::vector<std::vector<double>>& shapes) {
  std::vector<VecOwner> owners(shapes.size());
  std::vector<Vec> vectors;
  std::vector<double> y(shapes.empty() ? 0 : shapes[0].size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    check(VecDuplicate(like, owners[i].out()));
    for (std::size_t k = 0; k < y.size(); ++k) {
      y[k] = std::sqrt(quotient.omega(k)) * shapes[i][k];
    }
    fill(owners[i], y);
    check(VecNormalize(owners[i], nullptr));
    vectors.push_back(owners[i]);
  }
  if (!vectors.empty()) check(EPSSetDeflationSpace(eps, PetscInt(vectors.size()), vectors.data()));
}

/// Combinations of vectors one by one: SLEPc's other way multiplies blocks of rows, the last of which, as long as
/// what is left on a rank, is rounded in its own way. There is no call for it, only an option, read where a basis is
/// made.
class CombineOneByOne {
 public:
  CombineOneByOne() {
    PetscBool given = PETSC_FALSE;
    check(PetscOptionsHasName(nullptr, nullptr, name, &given));
    ours_ = given != PETSC_TRUE;
    if (ours_) check(PetscOptionsSetValue(nullptr, name, "1"));
  }
  ~CombineOneByOne() {
    if (ours_) PetscOptionsClearValue(nullptr, name);
  }
  CombineOneByOne(const CombineOneByOne&) = delete;
  CombineOneByOne& operator=(const CombineOneByOne&) = delete;

 private:
  static constexpr const char* name = "-bv_vecs_vmip";
  bool ours_ = false;
};

/// The vectors of the iteration are `like`'s duplicates, whose products do not depend on the ranks, and it
/// starts from what looks like chance but depends on the numbers of the cells alone.
void use_vectors(EPS eps, Vec like, const Mesh& mesh) {
  PetscOwner<BV, BVDestroy> basis;
  VecOwner start;
  std::vector<double> values;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    values.push_back(multigrid::hash(mesh.global[k]) - 0.5);
  }
  check(VecDuplicate(like, start.out()));
  fill(start, values);
  check(BVCreate(mesh.comm.handle(), basis.out()));
  const CombineOneByOne way;
  check(BVSetType(basis, BVVECS));
  check(BVSetSizesFromVec(basis, like, 1));  // SLEPc asks for as many as it needs
  check(BVSetFromOptions(basis));
  check(EPSSetBV(eps, basis));
  Vec one = start;
  check(EPSSetInitialSpace(eps, 1, &one));
}

void make_solver(MPI_Comm comm, Mat S, int count, double tolerance, EPS* eps) {
  check(EPSCreate(comm, eps));
  check(EPSSetOperators(*eps, S, nullptr));
  check(EPSSetProblemType(*eps, EPS_HEP));
  check(EPSSetType(*eps, EPSKRYLOVSCHUR));
  check(EPSSetWhichEigenpairs(*eps, EPS_LARGEST_REAL));
  check(EPSSetDimensions(*eps, count, PETSC_DEFAULT, PETSC_DEFAULT));
  check(EPSSetTolerances(*eps, tolerance, 100));
}

/// The mode of eigenvector number i, which goes through S once more; `y` is overwritten.
Mode read_mode(EPS eps, PetscInt i, Resolvent& resolvent, const Quotient& quotient, Vec y) {
  const double* values = nullptr;
  std::vector<double> smooth(resolvent.b.size());
  check(EPSGetEigenvector(eps, i, y, nullptr));
  check(VecGetArrayRead(y, &values));
  resolvent.apply(values, smooth.data());
  check(VecRestoreArrayRead(y, &values));
  if (!resolvent.failure.empty()) refuse_solve(resolvent);
  Mode mode;
  mode.shape.resize(smooth.size());
  for (std::size_t k = 0; k < smooth.size(); ++k) {
    mode.shape[k] = resolvent.rho[k] / quotient.pi(k);
  }
  quotient.normalise(mode.shape);
  quotient.judge(mode);
  return mode;
}

/// The modes beside those of `found`, appended to it; `settled` are deflated. One more than asked
/// for, where the mesh has it, bounds the errors of the others.
void iterate(const Generator& generator, ShiftedSolver& solver, const SpectrumOptions& options,
             const Quotient& quotient, const std::vector<std::vector<double>>& settled,
             Spectrum& found) {
  const Mesh& mesh = generator.mesh();
  const SlepcSession slepc;
  const int count = options.count - int(found.modes.size());
  const std::int64_t left = mesh.global_cells - std::int64_t(settled.size());
  const double size = diameter(mesh);
  Resolvent resolvent(mesh, solver, size * size / mean_diffusion(generator), options.rtol,
                      gibbs_weights(generator));
  MatOwner S;
  VecOwner y;
  EpsOwner eps;
  const MPI_Comm comm = mesh.comm.handle();
  check(MatCreateShell(comm, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE, &resolvent,
                       S.out()));
  check(MatShellSetOperation(S, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
  check(VecCreateMPI(comm, mesh.owned, PETSC_DETERMINE, y.out()));
  make_reproducible(y, rows_of(mesh));
  make_solver(comm, S, int(std::min<std::int64_t>(count + 1, left)), options.tolerance, eps.out());
  use_vectors(eps, y, mesh);
  deflate(eps, y, quotient, settled);
  check(EPSSetFromOptions(eps));
  const int converged = std::min(run(eps, resolvent, count), count + 1);
  std::vector<Mode> modes;
  for (PetscInt i = 0; i < converged; ++i) {
    modes.push_back(read_mode(eps, i, resolvent, quotient, y));
  }
  std::ranges::stable_sort(modes, {}, &Mode::rate);
  bound_errors(modes);
  modes.resize(std::size_t(count));
  std::ranges::move(modes, std::back_inserter(found.modes));
  found.solves += resolvent.solves;
  found.iterations += resolvent.iterations;
}

}  // namespace

std::vector<double> gibbs_density(const Generator& generator) {
  const Mesh& mesh = generator.mesh();
  std::vector<double> pi = gibbs_weights(generator);
  pi.resize(std::size_t(mesh.owned));
  const double Z = integral(mesh, pi);
  for (double& p : pi) p /= Z;
  return pi;
}

Spectrum slowest_modes(const Generator& generator, ShiftedSolver& solver,
                       const SpectrumOptions& options) {
  require_detailed_balance(generator);
  require_reachable(generator);
  const Mesh& mesh = generator.mesh();
  const std::int64_t modes = mesh.global_cells - (generator.absorbs() ? 0 : 1);
  if (options.count > modes) {
    throw InputError(fmt::format("-k {}: {} cells have {} modes beside the equilibrium",
                                 options.count, mesh.global_cells, modes));
  }
  const Quotient quotient(generator);
  DeepModes deep_modes =
      find_deep_modes(generator, quotient, {.reproducible = options.reproducible});
  if (deep_modes.settled.empty() && !generator.absorbs()) {
    deep_modes.settled.emplace_back(std::size_t(mesh.owned), 1.0);
  }
  const std::size_t settled = deep_modes.settled.size() - (generator.absorbs() ? 0 : 1);
  Spectrum spectrum{{}, deep_modes.solves, deep_modes.iterations};
  for (std::size_t k = 0; k < std::min(settled, std::size_t(options.count)); ++k) {
    spectrum.modes.push_back(std::move(deep_modes.modes[k]));
  }
  if (int(spectrum.modes.size()) < options.count) {
    iterate(generator, solver, options, quotient, deep_modes.settled, spectrum);
  }
  CellWidth(generator, quotient).judge(spectrum.modes);
  return spectrum;
}

}  // namespace otto
