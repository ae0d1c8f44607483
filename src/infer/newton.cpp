#include "otto/infer/newton.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "otto/core/error.h"

namespace otto {

GaussNewton::GaussNewton(Objective& objective, std::span<const double> R, double t,
                         Objective::Vector start, const GaussNewtonOptions& options)
    : objective_(objective),
      options_(options),
      pencil_(objective, R, {.background = objective.background()}),
      t_(t),
      x_(std::move(start)),
      g_(x_.size()),
      at_refresh_(x_),
      elimination_(objective, [this](auto r, auto out) { precondition_V(r, out); }) {}

void GaussNewton::precondition_V(std::span<const double> r, std::span<double> out) {
  const Unknowns& u = objective_.unknowns();
  if (objective_.has_external()) pencil_.apply(r, out);
  std::ranges::fill(u.tail(out), 0.0);
}

void GaussNewton::set_prior(double alpha, double alpha_W) {
  objective_.alpha = alpha;
  objective_.alpha_W = alpha_W;
  stalled_ = false;
  stalls_ = 0;
  promise_ = change_ = 1;
  since_refresh_ = 0;
  last_change_ = 0;
  circling_ = false;
  noise_ = 0;
  gains_ = {1, 1};
  if (ready_) evaluate(0);
}

void GaussNewton::evaluate(int passes) {
  for (int pass = 0; pass < passes && objective_.limited(); ++pass) {
    (void)objective_.value(x_);
    objective_.refresh();
  }
  J_ = objective_.value(x_);
  objective_.gradient(g_);
  prepared_ = false;
  prepare();
  if (stale_) {
    elimination_.renew(objective_);
    fresh_cg_ = -1;
    stale_ = false;
  }
  elimination_.factor(objective_);
  ready_ = true;
}

void GaussNewton::prepare() {
  if (prepared_) return;
  if (objective_.has_external()) pencil_.set(objective_, t_);
  prepared_ = true;
}

void GaussNewton::move(const Objective::Vector& x) {
  x_ = x;
  stale_ = true;
  evaluate(0);
}

CgResult GaussNewton::solve(std::span<const double> b, double rtol, int max_iterations,
                            ConjugateSpace* known) {
  prepare();
  const CgResult result = conjugate_gradients(
      objective_, [this](auto p, auto out) { objective_.product(p, out); },
      [this](auto r, auto out) { elimination_.apply(r, out); }, b, rtol, max_iterations, known);
  cg_ += result.iterations;
  return result;
}

/// x and J of a step along p, whose slope is negative.
bool GaussNewton::search(const Objective::Vector& p, double slope, NewtonRow& row) {
  double length = 1;
  Objective::Vector trial(x_.size());
  for (int halving = 0; halving <= options_.max_halvings; ++halving, length *= 0.5) {
    for (std::size_t i = 0; i < trial.size(); ++i) trial[i] = x_[i] + length * p[i];
    double J = 0;
    try {
      J = objective_.value(trial);
    } catch (const NumericalError&) {
      continue;  // too far: the flow has no numbers there
    }
    if (!(J <= J_ + options_.armijo * length * slope)) continue;
    x_ = trial;
    J_ = J;
    prepared_ = false;
    row.step = length;
    return true;
  }
  (void)objective_.value(x_);
  return false;
}

NewtonRow GaussNewton::step() {
  if (!ready_) evaluate(options_.first_passes);
  if (objective_.limited() && !circling_ && since_refresh_ >= options_.refresh_every) {
    last_change_ = change_;
    const double before = J_, max_objective = J_ + options_.max_rise * std::abs(J_);
    circling_ = objective_.refresh_within(x_, max_objective, options_.max_parts) == 0;
    evaluate(0);
    noise_ = circling_ ? options_.max_rise : std::abs(J_ - before) / std::abs(J_);
    since_refresh_ = 0;
    at_refresh_ = x_;
  }
  NewtonRow row{.iteration = ++iteration_, .prior = objective_.alpha};
  const double before = J_;
  Objective::Vector b(g_.size()), z(g_.size());
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = -g_[i];
  prepare();
  elimination_.apply(g_, z);
  row.gradient = std::sqrt(std::max(objective_.dot(g_, z), 0.0));
  CgResult p = solve(b, options_.eta, options_.max_cg);
  row.cg_iterations = p.iterations;
  if (fresh_cg_ < 0) fresh_cg_ = p.iterations;
  stale_ = p.iterations > options_.stale * fresh_cg_ + options_.more_cg;
  if (objective_.has_temperature() && std::abs(p.x.back()) > options_.max_log_kT) {
    const double part = options_.max_log_kT / std::abs(p.x.back());
    for (double& d : p.x) d *= part;  // all of it: V goes with kT
  }
  const double slope = objective_.dot(g_, p.x);
  promise_ = -slope;
  stalled_ = !(slope < 0) || !search(p.x, slope, row);
  stalls_ = stalled_ ? stalls_ + 1 : 0;
  ++since_refresh_;
  objective_.gradient(g_);
  Objective::Vector moved(x_.size());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = x_[i] - at_refresh_[i];
  const double size = objective_.dot(x_, x_);
  change_ = size > 0 ? std::sqrt(objective_.dot(moved, moved) / size) : 0;
  if (since_refresh_ >= options_.refresh_every && last_change_ > 0) {
    circling_ = circling_ || change_ > options_.contraction * last_change_;
  }
  gains_[1] = std::exchange(gains_[0], circling_ ? (before - J_) / std::abs(J_) : 1.0);
  row.objective = J_;
  row.misfit = objective_.misfit();
  row.limiter_change = change_;
  row.solves = solves();
  return row;
}

bool GaussNewton::converged(double tolerance) const {
  const bool settled = !objective_.limited() || circling_ || change_ < tolerance;
  if (stalled_) return settled || stalls_ > options_.max_stalls;
  const double noise = std::max(tolerance, std::min(noise_, options_.max_noise));
  const bool little = std::max(gains_[0], gains_[1]) < noise;
  return settled && (promise_ < tolerance * std::abs(J_) || little);
}

void GaussNewton::remember_vector(Archive& a, const std::string& name, Objective::Vector& x,
                                  std::vector<double>& field) {
  const Unknowns& u = objective_.unknowns();
  std::vector<double> tail(x.begin() + std::ptrdiff_t(u.cells), x.end());  // or splines
  a.numbers(name + ".tail", tail);
  if (a.loading()) std::ranges::copy(tail, x.begin() + std::ptrdiff_t(u.cells));
  if (!objective_.has_external() || objective_.splines()) return;
  field.assign(x.begin(), x.begin() + objective_.mesh().owned);
  a.cells(name + ".V", field);
  if (a.loading()) std::ranges::copy(field, x.begin());
}

void GaussNewton::remember(Archive& a) {
  remember_vector(a, "x", x_, saved_[0]);
  remember_vector(a, "at_refresh", at_refresh_, saved_[1]);
  a.number("prior", objective_.alpha);
  a.number("prior_W", objective_.alpha_W);
  a.number("promise", promise_);
  a.number("change", change_);
  a.part("pre", elimination_);
  a.number("fresh_cg", fresh_cg_);
  a.number("stale", stale_);
  a.number("iteration", iteration_);
  a.number("since_refresh", since_refresh_);
  a.number("last_change", last_change_);
  a.number("circling", circling_);
  if (!a.loading() || a.holds("noise")) a.number("noise", noise_);  // of an earlier version: none
  a.number("gain", gains_[0]);
  a.number("gain_before", gains_[1]);
  a.number("cg", cg_);
  long solved = solves();
  a.number("solves", solved);
  a.number("stalled", stalled_);
  a.number("stalls", stalls_);
  a.number("ready", ready_);
  remember_limiter(a);
  if (!a.loading()) return;
  earlier_solves_ = solved - objective_.solves();
  if (!ready_) return;
  J_ = objective_.value(x_);
  objective_.gradient(g_);
  prepared_ = false;
  elimination_.factor(objective_);
  earlier_solves_ = solved - objective_.solves();
}

/// The densities the limiter is frozen at.
void GaussNewton::remember_limiter(Archive& a) {
  auto& frozen = objective_.frozen();
  std::size_t legs = frozen.size();
  a.number("frozen", legs);
  frozen.resize(legs);
  for (std::size_t l = 0; l < legs; ++l) {
    const std::string name = "frozen" + std::to_string(l);
    std::size_t steps = frozen[l].size();
    a.number(name, steps);
    frozen[l].resize(steps);
    for (std::size_t i = 0; i < steps; ++i) {
      frozen[l][i].resize(std::size_t(objective_.mesh().local()));
      a.cells_with_ghosts(name + "." + std::to_string(i), frozen[l][i]);
    }
  }
}

}  // namespace otto
