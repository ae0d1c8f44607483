#include "otto/time/linear_stage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "otto/core/fault.h"

namespace otto {

LinearStage::LinearStage(const Problem& problem)
    : mesh_(problem.mesh),
      solver_(problem.generator, read_solver(problem.c.section("solver"))),
      keeper_(problem.mesh, read_solver(problem.c.section("solver")).rtol,
              problem.generator.absorbs()),
      history_(problem.mesh.comm),
      rtol_(solver_.rtol()),
      reached_(std::numeric_limits<double>::quiet_NaN()) {}

bool LinearStage::begin(const State& state, double dt) {
  const bool anew = !(std::abs(state.time - reached_) <= 1e-6 * dt);  // the loop rounds its own way
  if (anew) {
    history_.reset();
    keeper_.start(owned(mesh_, state.density));
    reached_ = state.time;
  }
  if (history_.empty()) push(state.time, state.density);
  return anew;
}

void LinearStage::remember(Archive& archive) {
  archive.part("keeper", keeper_);
  archive.part("history", history_);
  archive.number("reached", reached_);
}

void LinearStage::tighten(const ErrorBudget& budget, double dt) {
  rtol_ = std::min(solver_.rtol(), budget.rtol(dt, keeper_.mass()));
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
  std::string reason = keeper_.keep(rho, t);
  if (!reason.empty()) return refuse(std::move(report), std::move(reason));
  mesh_.halo.update(mesh_.comm, rho);
  state.density.swap(rho);
  state.time = t;
  reached_ = t;
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
