#include "otto/linear/inner_system.h"

#include <algorithm>
#include <cmath>

#include "krylov.h"

namespace otto {

namespace {

struct InnerOptions {
  double min_density = 1e-12;  ///< over the largest: what transport solves to 1e-10 still resolve
  /// Of a solve with H~ that finds out which of its preconditioners is good enough for one cycle of
  /// it to stand for a solve: ProximalSystem gives up those that need too many iterations for this.
  double trial_rtol = 1e-8;
};

/// t of the preconditioner's J~; of 2 kappa - 1 = 0 the limit, which it is to rounding up to 1e-8.
double length_factor(double kappa, std::size_t steps) {
  const double N = double(steps), excess = 2 * kappa - 1;
  if (excess < 1e-8) return 0.5 / N;
  return std::sqrt(excess / (N * (1 - std::pow((1 - kappa) / kappa, 2 * N))));
}

KrylovControl control(const SolverOptions& options) {
  return {.prefix = "inner_",
          .method = KSPCG,
          .rtol = options.rtol,
          .max_iterations = 200,  // Newton's method uses a direction as it is then
          .norm = KSP_NORM_NATURAL};
}

}  // namespace

struct InnerSystem::Impl {
  Impl(const Transport& t, const InnerChain& c, SolverOptions o)
      : transport(t), mesh(t.mesh()), chain(c), options(o), cycle(t, o), jacobian(t) {
    for (auto* v : {&left, &right, &near_left, &near_right, &g, &near_g}) {
      v->resize(std::size_t(mesh.faces.size()));
    }
    for (auto* v : {&field, &mean, &other, &size}) v->resize(std::size_t(mesh.local()));
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
  double min = 0;          ///< density that transport solves resolve
  double held = 0;         ///< least density of L_k
  bool failed = false;     ///< a transport solve inside it
  std::vector<double> left, right, near_left, near_right, g, near_g, field, mean, other, size;
  std::unique_ptr<KrylovSolver> krylov;

  void make_krylov(InnerSystem& system);
  void precondition(std::span<const double> r, std::span<double> z);
  void find_preconditioner(std::span<const double> r);
  void use(std::size_t k) { jacobian.set(chain.phi[k], chain.kappa * chain.d, factors[k]); }
};

InnerSystem::InnerSystem(const Transport& transport, const InnerChain& chain, SolverOptions options)
    : impl_(std::make_unique<Impl>(transport, chain, options)) {}
InnerSystem::~InnerSystem() = default;

void InnerSystem::begin(bool fronts) { impl_->cycle.begin(fronts); }

void InnerSystem::set(std::span<const double> omega, double held) {
  Impl& s = *impl_;
  s.held = held;
  const InnerChain& c = s.chain;
  const std::size_t N = c.steps();
  s.omega = omega;
  s.factors.resize(N);
  for (std::size_t k = 0; k < N; ++k) {
    s.jacobian.factor(c.phi[k], c.kappa * c.d, s.factors[k]);
  }
  double max = 0;
  for (std::size_t i = 0; i < omega.size(); ++i) max = std::max(max, c.rho.back()[i]);
  s.min = InnerOptions{}.min_density * s.mesh.comm.max(max);
  const double tau = c.d * double(N);
  auto& near_right = s.transport.centred() ? s.near_left : s.near_right;
  s.transport.slopes(c.phi.back(), length_factor(c.kappa, N) * tau, s.near_left, near_right);
  std::ranges::fill(s.mean, 0.0);
  for (std::size_t k = 0; k < N; ++k) {
    const auto before = c.before(k);
    for (std::size_t i = 0; i < s.mean.size(); ++i)
      s.mean[i] += c.mean(before[i], c.rho[k][i]) / double(N);
  }
  for (double& rho : s.mean) rho = std::max(rho, held);
  s.transport.conductances(c.phi.back(), s.mean, tau, s.near_g);
  s.cycle.set({omega, s.near_left, near_right, s.near_g});
  if (!s.krylov) s.make_krylov(*this);
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
      s.mean[i] = std::max(c.mean(before[i], c.rho[k][i]), sign > 0 ? s.held : 0.0);
    }
    s.transport.conductances(c.phi[k], s.mean, sign * c.d, s.g);
    s.transport.slopes(c.phi[k], -(1 - c.kappa) * c.d, s.left, s.right);
    for (std::size_t i = 0; i < y.size(); ++i) s.field[i] = y[i] / s.mesh.volume[i];
    s.mesh.halo.update(s.mesh.comm, s.field);
    Jacobian(s.transport, s.left, s.right).apply_adjoint(s.field, rhs, s.g, x[k]);
    if (source) source(k, rhs);
    s.use(k);
    for (std::size_t i = 0; i < y.size(); ++i) {
      s.size[i] = s.mesh.volume[i] * std::max({c.rho[k][i], c.rho.back()[i], s.min});
    }
    if (!s.jacobian.solve_adjoint(rhs, s.size, y)) return false;
    if (take) take(k, y);
  }
  return true;
}

void InnerSystem::Impl::make_krylov(InnerSystem& system) {
  const auto multiply = [this, &system](std::span<const double> z, std::span<double> y) {
    failed = failed || !system.backward(z, {}, *work) || !system.forward(1, *work, {}, {}, y);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] += omega[k] * z[k];
  };
  krylov =
      std::make_unique<KrylovSolver>(mesh.comm.handle(), std::size_t(mesh.owned), control(options),
                                     multiply, [this](auto r, auto z) { precondition(r, z); });
}

/// z = P^-1 r.
void InnerSystem::Impl::precondition(std::span<const double> r, std::span<double> z) {
  const Jacobian J(transport, near_left, near_right);
  for (std::size_t k = 0; k < r.size(); ++k) field[k] = r[k] / mesh.volume[k];
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, z);
  cycle.precondition(z, std::span(field).first(z.size()));
  mesh.halo.update(mesh.comm, field);
  J.apply(field, z);
}

/// Solves with H~ as `precondition` does: what is slow gives way to the next preconditioner.
void InnerSystem::Impl::find_preconditioner(std::span<const double> r) {
  const Jacobian J(transport, near_left, near_right);
  for (std::size_t k = 0; k < r.size(); ++k) field[k] = r[k] / mesh.volume[k];
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, std::span(mean).first(r.size()));
  (void)cycle.solve(std::span(mean).first(r.size()), std::span(other).first(r.size()),
                    InnerOptions{}.trial_rtol);
}

SolveReport InnerSystem::solve(std::span<const double> rhs, std::span<double> z, double rtol,
                               Fields& work) {
  Impl& s = *impl_;
  s.work = &work;
  s.failed = false;
  s.find_preconditioner(rhs);
  SolveReport report = s.krylov->solve(rhs, z, rtol);
  if (s.failed) {
    report.converged = false;
    report.reason = "a transport solve failed";
  }
  return report;
}

JacobianSolver::Work InnerSystem::take_work() { return impl_->jacobian.take_work(); }

}  // namespace otto
