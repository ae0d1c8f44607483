// With what comes in, d_t M rho = M Q rho + S + r e.rho, a stage asks for
//
//   (A - c r e^T) rho = b + c S,   A = M - c M Q:   rho = y + c (e.y) / (1 - c e.z) z,
//   A y = b + c S,  A z = r        (Sherman, Morrison).
//
// 1 - c e.z is the mass that z has not lost, 0 < 1 - c e.z <= 1.

#include "otto/time/linear_stage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "otto/core/fault.h"
#include "otto/core/reproducible_sum.h"
#include "otto/mesh/rows.h"
#include "otto/operators/exchange.h"

namespace otto {

LinearStage::LinearStage(const Problem& problem, const LinearStageOptions& options)
    : options_(options),
      mesh_(problem.mesh),
      generator_(problem.generator),
      solver_(problem.generator, problem.solver),
      limiter_(problem.mesh, problem.solver.rtol, problem.generator.absorbs()),
      history_(problem.mesh.comm, {}, rows_of(problem.mesh)),
      rtol_(solver_.rtol()) {}

void LinearStage::restart(const State& state) {
  history_.reset();
  rate_ = -1;
  if (const Exchange* exchange = generator_.exchange()) {
    exchanged_.resize(exchange->names().size());
    last_.assign(exchanged_.size(), 0.0);
  }
  limiter_.start(owned(mesh_, state.density));
}

void LinearStage::begin(const State& state, double dt) {
  if (history_.empty()) push(state.time, state.density);
  begin_exchange();
  if (rate_ < 0) rate_ = rate_of(state);
  rtol_ =
      solver_.rtol() * std::clamp(options_.change_factor * dt * rate_, options_.min_factor, 1.0);
}

void LinearStage::begin_exchange() {
  now_.assign(exchanged_.size(), 0.0);
  counted_ = false;
}

/// By a product.
double LinearStage::rate_of(const State& state) const {
  const std::span<const double> rho = owned(mesh_, state.density);
  std::vector<double> b(rho.size());  // M rho0 - d_t M rho0
  slope(state.density, b);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = mesh_.volume[i] * rho[i] - b[i];
  return rate_of(1, b, rho);
}

/// Where M rho - c d_t M rho = b.
double LinearStage::rate_of(double c, std::span<const double> b,
                            std::span<const double> rho) const {
  std::array<ReproducibleSum, 2> sums;  // |c d_t M rho|^2, |M rho|^2
  const double* vol = mesh_.volume.data();
  add_terms(sums, rows_of(mesh_), [&](std::size_t i, auto put_change, auto put_mass) {
    const double m = vol[i] * rho[i], d = m - b[i];
    put_change(d * d);
    put_mass(m * m);
  });
  const std::vector<double> squares = sums_of_all(mesh_.comm, sums);
  return std::sqrt(squares[0] / squares[1]) / c;
}

void LinearStage::remember(Archive& archive) {
  archive.part("keeper", limiter_);
  archive.part("history", history_);
  archive.part("solver", solver_);
  if (archive.holds("rate")) archive.number("rate", rate_);
  if (generator_.exchange() && archive.holds("exchanged")) {
    archive.numbers("exchanged", exchanged_);
    archive.numbers("exchanged_last", last_);
  }
}

void LinearStage::tighten(const ErrorBudget& budget, double dt) {
  rtol_ = std::min(solver_.rtol(), budget.rtol(dt, limiter_.mass()));
}

void LinearStage::slope(std::span<const double> rho, std::span<double> out) const {
  generator_.apply(rho, out);
  const auto S = generator_.supply(), e = generator_.exits(), r = generator_.reinjection();
  for (std::size_t k = 0; k < S.size(); ++k) out[k] += S[k];
  if (r.empty()) return;
  ReproducibleSum out_of_all;
  out_of_all.add(e.size(), [&](std::size_t k) { return e[k] * rho[k]; });
  const double leaving = sum_of_all(mesh_.comm, out_of_all);
  for (std::size_t k = 0; k < r.size(); ++k) out[k] += leaving * r[k];
}

bool LinearStage::solve(StepReport& report, double c, std::span<const double> b, double t, int slot,
                        std::vector<double>& rho) {
  rho.resize(static_cast<std::size_t>(mesh_.local()));
  const std::span<double> values = owned(mesh_, rho);
  history_.guess(slot, t, values);
  right_side_ = b;
  const auto S = generator_.supply();
  if (!S.empty() || !generator_.reinjection().empty()) {
    supplied_.assign(b.begin(), b.end());
    for (std::size_t k = 0; k < S.size(); ++k) supplied_[k] += c * S[k];
    right_side_ = supplied_;
  }
  const SolveReport solve = solver_.solve(c, {}, right_side_, values, rtol_);
  count(report, solve);
  if (!solve.converged) {
    examine_density(mesh_, values, t);
    report = refuse(std::move(report), "the linear solve failed: " + solve.reason);
    return false;
  }
  history_.learn(slot, t, values);
  if (!add_returning(report, c, values)) return false;
  rate_ = rate_of(c, b, values);
  mesh_.halo.update(mesh_.comm, rho);
  return true;
}

/// y becomes rho.
bool LinearStage::add_returning(StepReport& report, double c, std::span<double> rho) {
  const auto e = generator_.exits(), r = generator_.reinjection();
  if (r.empty()) return true;
  Returning& known = returning_;
  if (known.c != c || known.version != generator_.version()) {
    known.z.resize(r.size());
    for (std::size_t k = 0; k < r.size(); ++k) known.z[k] = r[k] / mesh_.volume[k];
    const SolveReport solve = solver_.solve(c, {}, r, known.z, rtol_);
    count(report, solve);
    known.c = solve.converged ? c : -1;
    known.version = generator_.version();
    if (!solve.converged) {
      report = refuse(std::move(report), "the solve for what comes back failed: " + solve.reason);
      return false;
    }
  }
  std::array<ReproducibleSum, 2> products;  // e.y and e.z
  for (std::size_t k = 0; k < e.size(); ++k) {
    products[0] += e[k] * rho[k];
    products[1] += e[k] * known.z[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, products);
  const double factor = c * sums[0] / (1 - c * sums[1]);
  for (std::size_t k = 0; k < r.size(); ++k) {
    rho[k] += factor * known.z[k];
    supplied_[k] += factor * r[k];
  }
  return true;
}

void LinearStage::count_exchange(double weight, std::span<const double> rho) {
  const std::vector<double> rates = generator_.exchange_rates(rho);
  for (std::size_t i = 0; i < rates.size(); ++i) now_[i] += weight * rates[i];
  counted_ = true;
}

void LinearStage::repeat_exchange(double part) {
  for (std::size_t i = 0; i < now_.size(); ++i) now_[i] += part * last_[i];
}

/// What the mass grows by in this step, where it was counted.
std::optional<double> LinearStage::gain() const {
  if (!counted_ || now_.empty()) return std::nullopt;
  const Exchange& exchange = *generator_.exchange();
  const std::size_t losses = exchange.openings.size() + (exchange.rate ? 1 : 0);
  double sum = 0;
  for (std::size_t i = 0; i < now_.size(); ++i) sum += i < losses ? -now_[i] : now_[i];
  return sum;
}

void LinearStage::tell_exchange(StepReport& report, double lost) {
  if (!counted_ && (now_.size() != 1 || generator_.supplies())) return;
  if (!counted_) now_[0] = lost;
  for (std::size_t i = 0; i < now_.size(); ++i) exchanged_[i] += now_[i];
  last_ = now_;
  report.exchanged = exchanged_;
}

void LinearStage::push(double t, std::span<const double> rho) {
  history_.push(t, rho.first(static_cast<std::size_t>(mesh_.owned)));
}

double LinearStage::negative_part(const std::vector<double>& rho) const {
  return limiter_.negative_part(owned(mesh_, rho));
}

StepReport LinearStage::finish(StepReport report, State& state, double t,
                               std::vector<double>& rho) {
  fault_point("solution", owned(mesh_, rho));
  const double mass = limiter_.mass();
  std::string reason = limiter_.limit(rho, t, gain());
  if (!reason.empty()) return refuse(std::move(report), std::move(reason));
  tell_exchange(report, mass - limiter_.mass());
  mesh_.halo.update(mesh_.comm, rho);
  state.density.swap(rho);
  state.time = t;
  push(t, state.density);
  report.accepted = true;
  return report;
}

StepReport LinearStage::refuse(StepReport report, std::string reason) {
  history_.reset();
  rate_ = -1;
  report.accepted = false;
  report.reason = std::move(reason);
  return report;
}

void count(StepReport& report, const SolveReport& solve) {
  report.linear_iterations += solve.iterations;
  report.max_linear_iterations = std::max(report.max_linear_iterations, solve.iterations);
}

}  // namespace otto
