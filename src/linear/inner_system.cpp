#include "otto/linear/inner_system.h"

#include <petscksp.h>

#include <algorithm>
#include <cmath>

#include "assembled.h"
#include "vector_arrays.h"

namespace otto {

namespace {

constexpr double least_density = 1e-12;  ///< over the largest, that transport solves resolve

/// t of the preconditioner's J~.
double length_factor(double kappa, std::size_t steps) {
  const double N = double(steps), excess = 2 * kappa - 1;
  if (excess < 1e-8) return 0.5 / N;
  return std::sqrt(excess / (N * (1 - std::pow((1 - kappa) / kappa, 2 * N))));
}

}  // namespace

struct InnerSystem::Impl {
  Impl(const Transport& t, const InnerChain& c, SolverOptions o)
      : transport(t), mesh(t.mesh()), chain(c), options(o), cycle(t, o), jacobian(t) {
    for (auto* v : {&left, &right, &near_left, &near_right, &g, &near_g}) {
      v->resize(std::size_t(mesh.faces.size()));
    }
    for (auto* v : {&field, &mean, &other, &size}) v->resize(std::size_t(mesh.local()));
    for (auto* v : {&b, &u}) {
      check(VecCreateMPI(mesh.comm.handle(), mesh.owned, PETSC_DETERMINE, v->out()));
    }
  }

  const Transport& transport;
  const Mesh& mesh;
  const InnerChain& chain;
  SolverOptions options;
  ProximalSystem cycle;
  JacobianSolver jacobian;
  std::vector<JacobianSolver::Factors> factors;
  std::span<const double> omega;
  Fields* work = nullptr;  ///< of the solve under way
  double least = 0;        ///< density that transport solves resolve
  bool failed = false;     ///< a transport solve inside it
  std::vector<double> left, right, near_left, near_right, g, near_g, field, mean, other, size;
  MatOwner shell;
  PetscOwner<KSP, KSPDestroy> ksp;
  VecOwner b, u;
  double user_rtol = -1;

  void make_ksp(InnerSystem& system);
  void use(std::size_t k) { jacobian.set(chain.phi[k], chain.kappa * chain.d, factors[k]); }
};

InnerSystem::InnerSystem(const Transport& transport, const InnerChain& chain, SolverOptions options)
    : impl_(std::make_unique<Impl>(transport, chain, options)) {}
InnerSystem::~InnerSystem() = default;

void InnerSystem::set(std::span<const double> omega) {
  Impl& s = *impl_;
  const InnerChain& c = s.chain;
  const std::size_t N = c.steps();
  s.omega = omega;
  s.factors.resize(N);
  for (std::size_t k = 0; k < N; ++k) {
    s.jacobian.factor(c.phi[k], c.kappa * c.d, s.factors[k]);
  }
  double most = 0;
  for (std::size_t i = 0; i < omega.size(); ++i) most = std::max(most, c.rho.back()[i]);
  s.least = least_density * s.mesh.comm.max(most);
  const double tau = c.d * double(N);
  auto& near_right = s.transport.centred() ? s.near_left : s.near_right;
  s.transport.slopes(c.phi.back(), length_factor(c.kappa, N) * tau, s.near_left, near_right);
  s.transport.conductances(c.phi.back(), c.rho.back(), tau, s.near_g);
  s.cycle.set({omega, s.near_left, near_right, s.near_g});
  if (!s.ksp) s.make_ksp(*this);
}

bool InnerSystem::backward(std::span<const double> z, const Source& source, Fields& x) {
  Impl& s = *impl_;
  const InnerChain& c = s.chain;
  const auto owned = std::size_t(s.mesh.owned);
  const auto rhs = std::span(s.other).first(owned);
  std::ranges::fill(rhs, 0.0);
  if (!z.empty()) std::ranges::copy(z, rhs.begin());
  for (std::size_t k = c.steps(); k-- > 0;) {
    if (k + 1 < c.steps()) {
      s.transport.slopes(c.phi[k + 1], -(1 - c.kappa) * c.d, s.left, s.right);
      Jacobian(s.transport, s.left, s.right).apply(x[k + 1], rhs);
    }
    if (source) source(k, rhs);
    s.use(k);
    if (!s.jacobian.solve(rhs, std::span(x[k]).first(owned))) return false;
    s.mesh.halo.update(s.mesh.comm, x[k]);
  }
  return true;
}

bool InnerSystem::forward(double sign, const Fields& x, const Source& source, const Take& take,
                          std::span<double> y) {
  Impl& s = *impl_;
  const InnerChain& c = s.chain;
  const auto rhs = std::span(s.other).first(y.size());
  std::ranges::fill(y, 0.0);
  for (std::size_t k = 0; k < c.steps(); ++k) {
    const auto before = c.before(k);
    for (std::size_t i = 0; i < s.mean.size(); ++i) {  // H is positive definite whatever rho
      s.mean[i] = std::max(c.kappa * c.rho[k][i] + (1 - c.kappa) * before[i], 0.0);
    }
    s.transport.conductances(c.phi[k], s.mean, sign * c.d, s.g);
    s.transport.slopes(c.phi[k], -(1 - c.kappa) * c.d, s.left, s.right);
    for (std::size_t i = 0; i < y.size(); ++i) s.field[i] = y[i] / s.mesh.volume[i];
    s.mesh.halo.update(s.mesh.comm, s.field);
    Jacobian(s.transport, s.left, s.right).apply_adjoint(s.field, rhs, s.g, x[k]);
    if (source) source(k, rhs);
    s.use(k);
    for (std::size_t i = 0; i < y.size(); ++i) {
      s.size[i] = s.mesh.volume[i] * std::max({c.rho[k][i], c.rho.back()[i], s.least});
    }
    if (!s.jacobian.solve_adjoint(rhs, s.size, y)) return false;
    if (take) take(k, y);
  }
  return true;
}

void InnerSystem::Impl::make_ksp(InnerSystem& system) {
  const MPI_Comm comm = mesh.comm.handle();
  check(MatCreateShell(comm, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE, &system,
                       shell.out()));
  const auto multiply = [](Mat A, Vec in, Vec out) -> PetscErrorCode {
    void* context = nullptr;
    PetscCall(MatShellGetContext(A, &context));
    auto& self = *static_cast<InnerSystem*>(context);
    Impl& s = *self.impl_;
    with_arrays(in, out, [&](auto z, auto y) {
      s.failed = s.failed || !self.backward(z, {}, *s.work) || !self.forward(1, *s.work, {}, {}, y);
      for (std::size_t k = 0; k < y.size(); ++k) y[k] += s.omega[k] * z[k];
    });
    return 0;
  };
  const auto precondition = [](PC pc, Vec in, Vec out) -> PetscErrorCode {
    void* context = nullptr;
    PetscCall(PCShellGetContext(pc, &context));
    Impl& s = *static_cast<Impl*>(context);
    const Jacobian J(s.transport, s.near_left, s.near_right);
    with_arrays(in, out, [&](auto r, auto z) {
      for (std::size_t k = 0; k < r.size(); ++k) s.field[k] = r[k] / s.mesh.volume[k];
      s.mesh.halo.update(s.mesh.comm, s.field);
      J.apply_adjoint(s.field, z);
      s.cycle.precondition(z, std::span(s.field).first(z.size()));
      s.mesh.halo.update(s.mesh.comm, s.field);
      J.apply(s.field, z);
    });
    return 0;
  };
  using Multiply = PetscErrorCode (*)(Mat, Vec, Vec);
  check(MatShellSetOperation(shell, MATOP_MULT,
                             reinterpret_cast<void (*)()>(static_cast<Multiply>(multiply))));
  check(KSPCreate(comm, ksp.out()));
  check(KSPSetOperators(ksp, shell, shell));
  check(KSPSetTolerances(ksp, options.rtol, 1e-300, 1e30, 500));
  check(KSPSetType(ksp, KSPCG));
  check(KSPSetNormType(ksp, KSP_NORM_NATURAL));
  check(KSPSetFromOptions(ksp));
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCSHELL));  // a named -pc_type is that of H~
  check(PCShellSetContext(pc, this));
  check(PCShellSetApply(pc, precondition));
  PetscBool set = PETSC_FALSE;
  check(PetscOptionsGetReal(nullptr, nullptr, "-ksp_rtol", &user_rtol, &set));
}

SolveReport InnerSystem::solve(std::span<const double> rhs, std::span<double> z, double rtol,
                               Fields& work) {
  Impl& s = *impl_;
  s.work = &work;
  s.failed = false;
  if (s.user_rtol > 0) rtol = std::min(rtol, s.user_rtol);
  check(KSPSetTolerances(s.ksp, rtol, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  SolveReport report = solve_with(s.ksp, s.b, s.u, rhs, z);
  if (s.failed) {
    report.converged = false;
    report.reason = "a transport solve failed";
  }
  return report;
}

JacobianSolver::Work InnerSystem::take_work() { return impl_->jacobian.take_work(); }

}  // namespace otto
