#include "otto/time/linear_stage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "otto/core/fault.h"

namespace otto {

LinearStage::LinearStage(const Problem& problem, const LinearStageOptions& options)
    : options_(options),
      mesh_(problem.mesh),
      generator_(problem.generator),
      solver_(problem.generator, problem.solver),
      limiter_(problem.mesh, problem.solver.rtol, problem.generator.absorbs()),
      history_(problem.mesh.comm),
      rtol_(solver_.rtol()) {}

void LinearStage::restart(const State& state) {
  history_.reset();
  rate_ = -1;
  limiter_.start(owned(mesh_, state.density));
}

void LinearStage::begin(const State& state, double dt) {
  if (history_.empty()) push(state.time, state.density);
  if (rate_ < 0) rate_ = rate_of(state);
  rtol_ =
      solver_.rtol() * std::clamp(options_.change_factor * dt * rate_, options_.min_factor, 1.0);
}

/// By a product.
double LinearStage::rate_of(const State& state) const {
  const std::span<const double> rho = owned(mesh_, state.density);
  std::vector<double> b(rho.size());  // M rho0 - M Q rho0
  generator_.apply(state.density, b);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = mesh_.volume[i] * rho[i] - b[i];
  return rate_of(1, b, rho);
}

/// Where (M - c M Q) rho = b.
double LinearStage::rate_of(double c, std::span<const double> b,
                            std::span<const double> rho) const {
  double change = 0, mass = 0;  // |c M Q rho|^2, |M rho|^2
  const double* vol = mesh_.volume.data();
#pragma omp simd reduction(+ : change, mass)
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const double m = vol[i] * rho[i], d = m - b[i];
    change += d * d;
    mass += m * m;
  }
  std::array<double, 2> squares{change, mass};
  mesh_.comm.sum_in_place(squares);
  return std::sqrt(squares[0] / squares[1]) / c;
}

void LinearStage::remember(Archive& archive) {
  archive.part("keeper", limiter_);
  archive.part("history", history_);
  if (archive.holds("rate")) archive.number("rate", rate_);
}

void LinearStage::tighten(const ErrorBudget& budget, double dt) {
  rtol_ = std::min(solver_.rtol(), budget.rtol(dt, limiter_.mass()));
}

bool LinearStage::solve(StepReport& report, double c, std::span<const double> b, double t, int slot,
                        std::vector<double>& rho) {
  rho.resize(static_cast<std::size_t>(mesh_.local()));
  const std::span<double> values = owned(mesh_, rho);
  history_.guess(slot, t, values);
  const SolveReport solve = solver_.solve(c, {}, b, values, rtol_);
  count(report, solve);
  if (!solve.converged) {
    examine_density(mesh_, values, t);
    report = refuse(std::move(report), "the linear solve failed: " + solve.reason);
    return false;
  }
  history_.learn(slot, t, values);
  rate_ = rate_of(c, b, values);
  mesh_.halo.update(mesh_.comm, rho);
  return true;
}

void LinearStage::push(double t, std::span<const double> rho) {
  history_.push(t, rho.first(static_cast<std::size_t>(mesh_.owned)));
}

StepReport LinearStage::finish(StepReport report, State& state, double t,
                               std::vector<double>& rho) {
  fault_point("solution", owned(mesh_, rho));
  std::string reason = limiter_.limit(rho, t);
  if (!reason.empty()) return refuse(std::move(report), std::move(reason));
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
