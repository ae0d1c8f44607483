#include "otto/learn/fit.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/learn/training_data.h"

namespace otto {

namespace {

constexpr double few_cells = 3000;        ///< no metric on fewer
constexpr double growth = 4;              ///< of tau after a good step
constexpr double good = 0.6, bad = 0.25;  ///< decrease of KL over the predicted one
constexpr double most_tau = 1e13, least_tau = 1e-9;
constexpr double disagreement = 0.2;  ///< of two metrics about a direction
constexpr int halvings = 7;
constexpr double cg_progress = 5e-5;  ///< CG stops when ten iterations gain less of the decrease
constexpr double cg_rounding = 1e-28;
constexpr int first_cg = 30, more_cg = 30;  ///< CG iterations for tau up to 10, and per factor 4

/// A short step is decided by a few directions: so many CG iterations are worth it.
int worthwhile(double tau, const FitOptions& options) {
  const double growths = std::max(0.0, std::log(tau / 10) / std::log(growth));
  return std::min(options.cg_iterations, first_cg + int(more_cg * std::min(growths, 1e3)));
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Fit::Fit(Network& network, GridModel& model, const FitOptions& options)
    : network_(network), model_(model), options_(options), tau_(options.tau) {
  const Mesh& finest = model.mesh();
  std::vector<Box> boxes;
  double cells = double(finest.global_cells);
  for (Box box = doubled(finest.box->box);; box = doubled(box)) {
    double count = 1;
    for (int a = 0; a < box.dimension; ++a) count *= double(box.cells(a));
    if (count < few_cells || count == cells) break;
    cells = count;
    boxes.push_back(box);
  }
  for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {
    meshes_.push_back(std::make_unique<Mesh>(make_box_mesh(finest.comm, *box)));
    metrics_.push_back(std::make_unique<Metric>(*meshes_.back(), network));
  }
  metrics_.push_back(std::make_unique<Metric>(finest, network));
}

std::vector<double> Fit::gradient(std::span<const double> q) const {
  const auto& p = model_.mass();
  std::vector<double> c(p.size()), weight(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    c[i] = q[i] - p[i];
    weight[i] = q[i] + p[i];
  }
  return pull_back(model_, network_, c, weight);
}

/// CG from 0 for A s = -g; the quadratic model at s is 1/2 s.A s + g.s = 1/2 s.(g - r).
Fit::Direction Fit::solve(std::span<const double> g) {
  Metric& metric = *metrics_[level_];
  const std::size_t m = g.size();
  Direction result{std::vector<double>(m, 0.0), 0, 0};
  std::vector<double> r(m), y(m), values;
  for (std::size_t k = 0; k < m; ++k) r[k] = -g[k];
  std::vector<double> d = r;
  std::vector<std::vector<double>> basis;  // earlier residuals, normalised
  double rr = dot(r, r);
  const double first = rr;
  const int most = worthwhile(tau_, options_);
  while (result.iterations < most && rr > cg_rounding * first) {
    basis.push_back(r);
    for (double& x : basis.back()) x /= std::sqrt(rr);
    metric.apply(d, tau_, options_.ridge, y);
    const double curvature = dot(d, y);
    if (!(curvature > 0)) break;
    const double alpha = rr / curvature;
    for (std::size_t k = 0; k < m; ++k) {
      result.s[k] += alpha * d[k];
      r[k] -= alpha * y[k];
    }
    for (const auto& v : basis) {  // kept orthogonal, so that rounding is not amplified
      const double part = dot(v, r);
      for (std::size_t k = 0; k < m; ++k) r[k] -= part * v[k];
    }
    ++result.iterations;
    result.predicted = -0.5 * (dot(result.s, g) - dot(result.s, r));
    values.push_back(result.predicted);
    const std::size_t n = values.size();
    if (n > 20 && values[n - 1] - values[n - 11] < cg_progress * values[n - 1]) break;
    const double next = dot(r, r);
    for (std::size_t k = 0; k < m; ++k) d[k] = r[k] + next / rr * d[k];
    rr = next;
  }
  return result;
}

double Fit::search(std::span<const double> q, const Direction& direction, double kl,
                   double& kl_new) {
  const std::size_t m = direction.s.size();
  std::vector<double> theta(m), trial(m);
  network_.get(theta);
  double step = 1;
  for (int i = 0; i <= halvings; ++i, step *= 0.5) {
    for (std::size_t k = 0; k < m; ++k) trial[k] = theta[k] + step * direction.s[k];
    network_.set(trial);
    try {
      model_.update();
    } catch (const NumericalError&) {  // on every rank
      continue;
    }
    kl_new = model_.kl(q);
    if (kl_new <= kl) return step;
  }
  network_.set(theta);
  model_.update();
  kl_new = kl;
  return 0;
}

/// s.(G / tau + H) s by the metric of a level, at the theta of the moment.
double Fit::curvature(std::size_t level, std::span<const double> s) {
  std::vector<double> y(s.size());
  metrics_[level]->update();
  metrics_[level]->apply(s, tau_, options_.ridge, y);
  return dot(s, y);
}

/// A poor prediction is the coarse metric's fault where a finer one disagrees about this direction,
/// else tau's.
void Fit::adapt(const Direction& direction, double step, double ratio) {
  if (step == 1 && ratio > good) tau_ = std::min(growth * tau_, most_tau);
  if (step > 0 && ratio >= bad) return;
  if (level_ + 1 < metrics_.size()) {
    const double here = curvature(level_, direction.s), finer = curvature(level_ + 1, direction.s);
    if (std::abs(finer - here) > disagreement * here) {
      ++level_;
      return;
    }
  }
  tau_ = std::max(tau_ / (step > 0 ? growth : growth * growth), least_tau);
}

FitReport Fit::advance(std::span<const double> q, std::span<const double> g) {
  Metric& metric = *metrics_[level_];
  const long solves = metric.poisson_solves(), iterations = metric.poisson_iterations();
  metric.update();
  const Direction direction = solve(g);
  FitReport report{.tau = tau_, .cg_iterations = direction.iterations};
  report.poisson_solves = metric.poisson_solves() - solves;
  report.poisson_iterations = metric.poisson_iterations() - iterations;
  report.metric_cells = metric.mesh().global_cells;
  const double kl = model_.kl(q);
  report.step = search(q, direction, kl, report.kl);
  report.accepted = report.step > 0;
  adapt(direction, report.step,
        direction.predicted > 0 ? (kl - report.kl) / direction.predicted : 0);
  return report;
}

}  // namespace otto
