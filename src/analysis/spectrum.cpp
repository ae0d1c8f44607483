// Krylov-Schur (Stewart 2001, in SLEPc) on S with the equilibrium y = sqrt(omega) deflated, where
// there is one (nothing is absorbed). The pole c = (diameter)^2 / kT lets c lambda be of order 10 for
// free diffusion and more in a landscape, so that theta falls off like 1 / (c lambda): a dozen solves
// give several modes.
//
// Each vector found goes through S once more, as u: where pi is far below rounding, u cannot be
// computed from y = sqrt(omega) u, and A would blow up what is left of high frequencies.
//
// Rates are Rayleigh quotients taken over faces,
//
//   lambda = (sum_f g_f (u_K - u_L)^2 + sum_K k_K pi_K u_K^2) / sum_K omega_K u_K^2,
//
// a sum of non-negative terms: small rates lose no digits, as 1/theta - 1 would.

#include "otto/analysis/spectrum.h"

#include <fmt/format.h>
#include <slepceps.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <span>

#include "otto/core/petsc_check.h"
#include "otto/core/vector_math.h"

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

constexpr double most_range = 1300;  // of V/kT: pi, half-way shifted, and 1/pi are ordinary numbers

void require_detailed_balance(const Generator& generator) {
  if (!generator.symmetric()) {
    throw InputError(
        "the spectrum needs detailed balance: an entropy term, a flux other than 'upwind' and "
        "'centred', and no [drift]");
  }
  if (generator.range() > most_range) {
    throw InputError(
        fmt::format("V/kT ranges over {:.0f}, more than exp(-V/kT) can follow; bound the external "
                    "energy where nothing ever goes (min(V, ...), or 'cap' in the library)",
                    generator.range()));
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

/// The quotient and the residual of one mode, given its shape u.
class Judge {
 public:
  explicit Judge(const Generator& generator)
      : generator_(generator), mesh_(generator.mesh()), pi_(gibbs_weights(generator)) {}

  [[nodiscard]] double omega(std::size_t k) const { return mesh_.volume[k] * pi_[k]; }

  void judge(Mode& mode) const {
    const auto owned = std::size_t(mesh_.owned);
    std::vector<double> u = mode.shape, Lu(owned, 0.0);
    u.resize(std::size_t(mesh_.local()));
    mesh_.halo.update(mesh_.comm, u);
    Accumulator energy;
    const auto forward = generator_.forward(), backward = generator_.backward();
    for (std::size_t f = 0; f < forward.size(); ++f) {
      const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
      // of the two equal products, the one that loses nothing to underflow
      const double g = pi_[l] < pi_[r] ? forward[f] * pi_[l] : backward[f] * pi_[r];
      const double flux = g * (u[l] - u[r]);
      if (l < owned) Lu[l] += flux;
      if (r < owned) Lu[r] -= flux;
      energy.add((l < owned && r < owned ? 1.0 : 0.5) * flux * (u[l] - u[r]));
    }
    const auto absorption = generator_.absorption();
    for (std::size_t k = 0; k < absorption.size(); ++k) {
      Lu[k] += absorption[k] * pi_[k] * u[k];
      energy.add(absorption[k] * pi_[k] * u[k] * u[k]);
    }
    Accumulator norm;
    for (std::size_t k = 0; k < owned; ++k) norm.add(omega(k) * u[k] * u[k]);
    std::vector<double> sums{energy.value(), norm.value()};
    mesh_.comm.sum_in_place(sums);
    mode.rate = sums[0] / sums[1];
    Accumulator square;
    for (std::size_t k = 0; k < owned; ++k) {
      const double r = Lu[k] - mode.rate * omega(k) * u[k];
      if (omega(k) > 0) square.add(r * r / omega(k));
    }
    const double residual = std::sqrt(mesh_.comm.sum(square.value()) / sums[1]);
    mode.residual = residual / mode.rate;
  }

  /// sum omega u^2 = sum omega, and a sign that does not depend on the ranks: that of the moment
  /// with a polynomial without symmetries of its own.
  void normalise(std::vector<double>& u) const {
    std::array<double, 3> sums{};  // omega u^2, omega, omega u w(x)
    for (std::size_t k = 0; k < u.size(); ++k) {
      const Point& x = mesh_.center[k];
      const double s = x[0] + 0.618 * x[1] + 0.414 * x[2];
      sums[0] += omega(k) * u[k] * u[k];
      sums[1] += omega(k);
      sums[2] += omega(k) * u[k] * s * (1 + 0.271 * s * (1 + 0.577 * s));
    }
    mesh_.comm.sum_in_place(sums);
    const double factor = std::copysign(std::sqrt(sums[1] / sums[0]), sums[2]);
    for (double& v : u) v *= factor;
  }

 private:
  const Generator& generator_;
  const Mesh& mesh_;
  std::vector<double> pi_;
};

void fill(Vec v, const std::vector<double>& values) {
  double* to = nullptr;
  check(VecGetArrayWrite(v, &to));
  std::ranges::copy(values, to);
  check(VecRestoreArrayWrite(v, &to));
}

[[noreturn]] void refuse_solve(const Resolvent& resolvent) {
  throw NumericalError("a linear solve of the spectrum failed: " + resolvent.failure);
}

void run(EPS eps, const Resolvent& resolvent, int count) {
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

namespace {

void make_solver(MPI_Comm comm, Mat S, const SpectrumOptions& options, EPS* eps) {
  check(EPSCreate(comm, eps));
  check(EPSSetOperators(*eps, S, nullptr));
  check(EPSSetProblemType(*eps, EPS_HEP));
  check(EPSSetType(*eps, EPSKRYLOVSCHUR));
  check(EPSSetWhichEigenpairs(*eps, EPS_LARGEST_REAL));
  check(EPSSetDimensions(*eps, options.count, PETSC_DEFAULT, PETSC_DEFAULT));
  check(EPSSetTolerances(*eps, options.tolerance, 100));
}

/// y = sqrt(omega), by way of the vector `y`.
void deflate_equilibrium(EPS eps, const Mesh& mesh, std::span<const double> pi, Vec y) {
  std::vector<double> rest(std::size_t(mesh.owned));
  for (std::size_t k = 0; k < rest.size(); ++k) rest[k] = std::sqrt(mesh.volume[k] * pi[k]);
  fill(y, rest);
  check(EPSSetDeflationSpace(eps, 1, &y));
}

/// The mode of eigenvector number i, which goes through S once more; `y` is overwritten.
Mode read_mode(EPS eps, PetscInt i, Resolvent& resolvent, std::span<const double> pi,
               const Judge& judge, Vec y) {
  const double* values = nullptr;
  std::vector<double> smooth(resolvent.b.size());
  check(EPSGetEigenvector(eps, i, y, nullptr));
  check(VecGetArrayRead(y, &values));
  resolvent.apply(values, smooth.data());
  check(VecRestoreArrayRead(y, &values));
  if (!resolvent.failure.empty()) refuse_solve(resolvent);
  Mode mode;
  mode.shape.resize(smooth.size());
  for (std::size_t k = 0; k < smooth.size(); ++k) mode.shape[k] = resolvent.rho[k] / pi[k];
  judge.normalise(mode.shape);
  judge.judge(mode);
  return mode;
}

}  // namespace

Spectrum slowest_modes(const Generator& generator, ShiftedSolver& solver,
                       const SpectrumOptions& options) {
  require_detailed_balance(generator);
  const Mesh& mesh = generator.mesh();
  const std::int64_t modes = mesh.global_cells - (generator.absorbs() ? 0 : 1);
  if (options.count > modes) {
    throw InputError(fmt::format("-k {}: {} cells have {} modes beside the equilibrium",
                                 options.count, mesh.global_cells, modes));
  }
  const SlepcSession slepc;
  const std::vector<double> pi = gibbs_weights(generator);
  const double size = diameter(mesh);
  Resolvent resolvent(mesh, solver, size * size / generator.temperature(), options.rtol, pi);

  MatOwner S;
  VecOwner y;
  EpsOwner eps;
  const MPI_Comm comm = mesh.comm.handle();
  check(MatCreateShell(comm, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE, &resolvent,
                       S.out()));
  check(MatShellSetOperation(S, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
  check(MatCreateVecs(S, y.out(), nullptr));
  make_solver(comm, S, options, eps.out());
  if (!generator.absorbs()) deflate_equilibrium(eps, mesh, pi, y);
  check(EPSSetFromOptions(eps));
  run(eps, resolvent, options.count);

  const Judge judge(generator);
  Spectrum spectrum;
  for (PetscInt i = 0; i < options.count; ++i) {
    spectrum.modes.push_back(read_mode(eps, i, resolvent, pi, judge, y));
  }
  std::ranges::stable_sort(spectrum.modes, {}, &Mode::rate);
  spectrum.solves = resolvent.solves;
  spectrum.iterations = resolvent.iterations;
  return spectrum;
}

}  // namespace otto
