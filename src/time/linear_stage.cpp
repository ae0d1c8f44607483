#include "otto/time/linear_stage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "otto/core/fault.h"

namespace otto {

namespace {

constexpr double of_change = 300;   // 3e-6 of what a step changes, by default
constexpr double min_share = 3e-3;  // at rest, where errors fade instead of adding up

}  // namespace

LinearStage::LinearStage(const Problem& problem)
    : mesh_(problem.mesh),
      generator_(problem.generator),
      solver_(problem.generator, problem.solver),
      limiter_(problem.mesh, problem.solver.rtol, problem.generator.absorbs()),
      history_(problem.mesh.comm),
      rtol_(solver_.rtol()) {}

void LinearStage::restart(const State& state) {
  history_.reset();
  limiter_.start(owned(mesh_, state.density));
}

void LinearStage::begin(const State& state, double dt) {
  if (history_.empty()) push(state.time, state.density);
  rtol_ = tolerance_of(state, dt);
}

double LinearStage::tolerance_of(const State& state, double dt) {
  change_.resize(static_cast<std::size_t>(mesh_.owned));
  generator_.apply(state.density, change_);
  std::array<double, 2> squares{};  // of |M Q rho| and |M rho|
  for (std::size_t i = 0; i < change_.size(); ++i) {
    const double mass = mesh_.volume[i] * state.density[i];
    squares[0] += change_[i] * change_[i];
    squares[1] += mass * mass;
  }
  mesh_.comm.sum_in_place(squares);
  const double change = dt * std::sqrt(squares[0] / squares[1]);
  return solver_.rtol() * std::clamp(of_change * change, min_share, 1.0);
}

void LinearStage::remember(Archive& archive) {
  archive.part("keeper", limiter_);
  archive.part("history", history_);
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
  report.accepted = false;
  report.reason = std::move(reason);
  return report;
}

void count(StepReport& report, const SolveReport& solve) {
  report.linear_iterations += solve.iterations;
  report.max_linear_iterations = std::max(report.max_linear_iterations, solve.iterations);
}

}  // namespace otto
