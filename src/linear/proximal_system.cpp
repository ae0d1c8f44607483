#include "otto/linear/proximal_system.h"

#include <petscksp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "assembled.h"
#include "krylov.h"
#include "otto/linear/reproducible_vector.h"
#include "otto/mesh/rows.h"
#include "otto/multigrid/proximal_cycle.h"
#include "preconditioners.h"
#include "proximal_matrix.h"
#include "vector_arrays.h"

namespace otto {

namespace {

/// Newton's method uses a direction as it is after 200 iterations.
constexpr KrylovControl defaults{.prefix = "proximal_", .method = KSPCG, .max_iterations = 200};

using KspOwner = PetscOwner<KSP, KSPDestroy>;

/// Beyond this ratio of the largest to the smallest Omega the cycle runs in double precision.
constexpr double single_range = 1e25;
/// The same beyond this coefficient, and below its inverse: products of two are numbers in single precision.
/// Units decide: 6e23 particles with energies of 1e-21.
constexpr double single_largest = 1e18;

PetscErrorCode multiply(Mat A, Vec u, Vec y) {
  void* context = nullptr;
  PetscCall(MatShellGetContext(A, &context));
  const double* in = nullptr;
  double* out = nullptr;
  PetscInt n = 0;
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(VecGetArrayRead(u, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  static_cast<ProximalSystem*>(context)->apply({in, std::size_t(n)}, {out, std::size_t(n)});
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(VecRestoreArrayRead(u, &in));
  return 0;
}

}  // namespace

struct ProximalSystem::Impl {
  Impl(const Transport& t, SolverOptions o, bool jumps)
      : transport(t), mesh(t.mesh()), options(o), x(std::size_t(mesh.local())), w(x.size()) {
    for (auto* v : {&b, &u}) {
      check(VecCreateMPI(mesh.comm.handle(), mesh.owned, PETSC_DETERMINE, v->out()));
      make_reproducible(*v, rows_of(mesh));
    }
    const auto [min, max] = std::ranges::minmax(mesh.volume);
    equal_volumes = mesh.comm.min(min) == mesh.comm.max(max);
    assemble = !mesh.box || user_option(defaults.prefix, "-pc_type");
    geometric = !jumps;
    options.geometric_iterations = options.proximal_iterations;
  }

  const Transport& transport;
  const Mesh& mesh;
  SolverOptions options;
  ProximalCoefficients coefficients;
  bool begun = true;      ///< a step
  bool fronts = false;    ///< it has free boundaries
  bool assemble = false;  ///< there is no box, or the user chose a preconditioner
  bool geometric = true;  ///< no: coefficients that jump take the algebraic cycle
  bool equal_volumes = false;
  std::vector<double> x, w;
  /// In double and in single precision, made when wanted: densities with vacuum tails change from one to the other.
  std::array<std::unique_ptr<multigrid::ProximalCycle>, 2> cycles;
  multigrid::ProximalCycle* cycle = nullptr;  ///< the present one
  std::unique_ptr<ProximalMatrix> matrix;
  Mat assembled = nullptr;                           ///< of `matrix`
  std::unique_ptr<Preconditioners> preconditioners;  ///< of the matrix-free system
  MatOwner shell;
  KspOwner ksp;
  VecOwner b, u;
  double user_rtol = -1;
  PetscInt limit = 0;  ///< of iterations: the user's or KrylovControl's
  bool user_norm = false;

  void make_cycle();
  void make_ksp(ProximalSystem& system);
  ProximalMatrix& entries();
  std::vector<char> layer(bool wide) const;
  void apply(std::span<const double> in, std::span<double> out);
};

void ProximalSystem::Impl::make_cycle() {
  const auto [min, max] = std::ranges::minmax(coefficients.omega);
  const double largest_g = coefficients.g.empty() ? 0 : std::ranges::max(coefficients.g);
  const double smallest = mesh.comm.min(min), largest = mesh.comm.max(std::max(max, largest_g));
  const bool narrow = mesh.comm.max(max) <= single_range * smallest && largest <= single_largest &&
                      largest >= 1 / single_largest;
  auto& made = cycles[narrow ? 1 : 0];
  if (!made) made = multigrid::make_proximal_cycle(mesh, narrow);
  cycle = made.get();
  cycle->set(coefficients.omega, coefficients.slope_left, coefficients.slope_right, coefficients.g,
             !mesh.comm.any(!(equal_volumes && coefficients.one_slope())));
}

void ProximalSystem::Impl::make_ksp(ProximalSystem& system) {
  const MPI_Comm comm = mesh.comm.handle();
  check(KSPCreate(comm, ksp.out()));
  KrylovControl control = defaults;
  control.rtol = options.rtol;
  set_method(ksp, control);
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  if (assemble) {
    check(KSPSetOperators(ksp, assembled, assembled));
    check(PCSetType(pc, PCHYPRE));
  } else {
    check(MatCreateShell(comm, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE, &system,
                         shell.out()));
    check(MatShellSetOperation(shell, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
    check(KSPSetOperators(ksp, shell, shell));
    Preconditioners::Cycle geometric_cycle;
    if (geometric) {
      geometric_cycle = [this](const double* r, double scale, double* z) {
        cycle->apply(r, scale, z);
      };
    }
    preconditioners = std::make_unique<Preconditioners>(
        mesh, options, std::move(geometric_cycle), [this] { return entries().rows(coefficients); },
        [this](const WholeRows* rows) { return entries().assemble(coefficients, rows); },
        [this](bool wide) { return layer(wide); });
    preconditioners->attach(ksp);
  }
  check(KSPSetFromOptions(ksp));
  take_prefixed_options(ksp, control.prefix);
  check(KSPGetTolerances(ksp, nullptr, nullptr, nullptr, &limit));
  user_rtol = otto::user_rtol(control);
  user_norm = user_option(defaults.prefix, "-ksp_norm_type");
}

/// The layer of a free boundary: cells that hold more than flows through them (Omega beyond the sum
/// of their conductances), but are not empty; `wide`: all that are not. None where its factors would
/// cost too much.
std::vector<char> ProximalSystem::Impl::layer(bool wide) const {
  if (!fronts) return {};
  const auto n = std::size_t(mesh.owned);
  std::vector<double> leaves(std::size_t(mesh.local()));
  for (std::size_t f = 0; f < coefficients.g.size(); ++f) {
    leaves[std::size_t(mesh.faces.left[f])] += coefficients.g[f];
    leaves[std::size_t(mesh.faces.right[f])] += coefficients.g[f];
  }
  double largest = 0;
  for (std::size_t k = 0; k < n; ++k) largest = std::max(largest, leaves[k]);
  largest = mesh.comm.max(largest);
  std::vector<char> cells(n);
  double count = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const bool in =
        (wide || coefficients.omega[k] > leaves[k]) && leaves[k] > options.layer_empty * largest;
    cells[k] = in ? 1 : 0;
    count += in ? 1 : 0;
  }
  const double work = std::pow(mesh.comm.sum(count), mesh.dimension == 3 ? 2.0 : 1.5);
  if (work == 0 || work > options.layer_work) cells.clear();
  return cells;
}

/// H with its entries.
ProximalMatrix& ProximalSystem::Impl::entries() {
  if (!matrix) matrix = std::make_unique<ProximalMatrix>(transport);
  return *matrix;
}

/// H x = J^T M (Omega/M) J x + L_g x: two sweeps over the faces.
void ProximalSystem::Impl::apply(std::span<const double> in, std::span<double> out) {
  const ProximalCoefficients& c = coefficients;
  const Jacobian J(transport, c.slope_left, c.slope_right);
  std::ranges::copy(in, x.begin());
  mesh.halo.update(mesh.comm, x);
  J.apply(x, w);
  for (std::size_t k = 0; k < in.size(); ++k) w[k] *= c.omega[k] / mesh.volume[k];
  mesh.halo.update(mesh.comm, w);
  J.apply_adjoint(w, out, c.g, x);
}

ProximalSystem::ProximalSystem(const Transport& transport, SolverOptions options, bool jumps)
    : impl_(std::make_unique<Impl>(transport, options, jumps)) {}
ProximalSystem::~ProximalSystem() = default;
ProximalSystem::ProximalSystem(ProximalSystem&&) noexcept = default;

void ProximalSystem::set(const ProximalCoefficients& coefficients) {
  Impl& s = *impl_;
  if (s.assemble) refuse_irreproducible(s.options, "a preconditioner chosen by -pc_type");
  s.coefficients = coefficients;
  if (s.assemble) {
    s.assembled = s.entries().assemble(coefficients, nullptr);
  } else if (s.geometric) {
    s.make_cycle();
  }
  if (!s.ksp) s.make_ksp(*this);
  if (s.assemble) {
    check(KSPSetOperators(s.ksp, s.assembled, s.assembled));
    return;
  }
  check(MatShellSetContext(s.shell, this));
  s.preconditioners->changed(s.begun || !s.preconditioners->layered());
  s.begun = false;
}

void ProximalSystem::begin(bool fronts) {
  impl_->begun = true;
  impl_->fronts = fronts;
}

void ProximalSystem::apply(std::span<const double> x, std::span<double> out) {
  impl_->apply(x, out);
}

double ProximalSystem::rtol() const {
  return impl_->user_rtol > 0 ? impl_->user_rtol : impl_->options.rtol;
}

SolveReport ProximalSystem::solve(std::span<const double> rhs, std::span<double> x, double rtol,
                                  Stop stop, int max_iterations) {
  Impl& s = *impl_;
  if (!s.user_norm) {
    check(KSPSetNormType(s.ksp,
                         stop == Stop::by_energy ? KSP_NORM_NATURAL : KSP_NORM_UNPRECONDITIONED));
  }
  if (s.user_rtol > 0) rtol = std::min(rtol, s.user_rtol);
  check(KSPSetTolerances(s.ksp, rtol, PETSC_DEFAULT, PETSC_DEFAULT,
                         std::min(PetscInt(max_iterations), s.limit)));
  if (s.assemble) return solve_with(s.ksp, s.b, s.u, rhs, x);
  load(rhs, s.b);
  const SolveReport report = s.preconditioners->solve(s.b, s.u, rtol);
  store(s.u, x);
  return report;
}

void ProximalSystem::precondition(std::span<const double> r, std::span<double> x) {
  Impl& s = *impl_;
  PC pc = nullptr;
  check(KSPSetUp(s.ksp));
  check(KSPGetPC(s.ksp, &pc));
  if (s.preconditioners) s.preconditioners->make();
  load(r, s.b);
  check(PCApply(pc, s.b, s.u));
  store(s.u, x);
}

}  // namespace otto
