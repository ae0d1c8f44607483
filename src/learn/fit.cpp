#include "otto/learn/fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "conjugate_gradients.h"
#include "otto/core/error.h"
#include "otto/learn/training_data.h"

namespace otto {

namespace {

constexpr double few_cells = 3000;        ///< no metric on fewer
constexpr double growth = 4;              ///< of tau after a good step
constexpr double good = 0.6, bad = 0.25;  ///< decrease of KL over the predicted one
constexpr double rest = 1e-3;             ///< share of KL: a step that gains less is too short
constexpr double max_tau = 1e13, min_tau = 1e-9;
constexpr double disagreement = 0.2;  ///< of two metrics about a direction
constexpr int halvings = 7;

std::span<double> span_of(Eigen::VectorXd& x) { return {x.data(), std::size_t(x.size())}; }

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
    metrics_.push_back(std::make_unique<Metric>(*meshes_.back(), network, options.solver));
  }
  metrics_.push_back(std::make_unique<Metric>(finest, network, options.solver));
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

/// A s = -g by conjugate gradients in the coordinates x, s = C x.
Fit::Direction Fit::solve(std::span<const double> g) {
  Metric& metric = *metrics_[level_];
  const Kronecker C = metric.coordinates(tau_, options_.ridge);
  Eigen::VectorXd b = Eigen::Map<const Eigen::VectorXd>(g.data(), Eigen::Index(g.size()));
  C.from_parameters(b);
  Eigen::VectorXd s;
  QuadraticMinimum minimum = minimise_quadratic(
      b, options_.cg_iterations, [&](const Eigen::VectorXd& d, Eigen::VectorXd& y) {
        s = d;
        C.to_parameters(s);
        metric.apply(span_of(s), tau_, options_.ridge, span_of(y));
        C.from_parameters(y);
      });
  C.to_parameters(minimum.x);
  return {{minimum.x.begin(), minimum.x.end()}, minimum.decrease, minimum.iterations};
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
  return std::inner_product(s.begin(), s.end(), y.begin(), 0.0);
}

/// After a poor prediction: a finer metric where it disagrees with the present one about this
/// direction, else a smaller tau.
void Fit::adapt(const Direction& direction, double step, double kl, double kl_new) {
  const double ratio = direction.predicted > 0 ? (kl - kl_new) / direction.predicted : 0;
  const bool at_rest = kl - kl_new < rest * kl;
  if (step > 0 && at_rest) {
    tau_ = std::min(growth * tau_, max_tau);
    return;
  }
  if (step == 1 && ratio > good) tau_ = std::min(growth * tau_, max_tau);
  if (step > 0 && ratio >= bad) {
    tau_ = std::max(step * tau_, min_tau);
    return;
  }
  if (level_ + 1 < metrics_.size()) {
    const double here = curvature(level_, direction.s), finer = curvature(level_ + 1, direction.s);
    if (std::abs(finer - here) > disagreement * here) {
      ++level_;
      return;
    }
  }
  tau_ = std::max(tau_ / (step > 0 ? growth : growth * growth), min_tau);
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
  adapt(direction, report.step, kl, report.kl);
  return report;
}

}  // namespace otto
