#include "otto/learn/metric.h"

#include <algorithm>
#include <cmath>

namespace otto {

namespace {

constexpr double metric_share = 1e-8;     ///< of the largest mass: cells the metric sees
constexpr double gradient_share = 1e-12;  ///< and the gradient
constexpr double poisson_rtol = 1e-8;
constexpr double longest_tau = 1e8;  ///< beyond, G / tau is below the rounding of H

}  // namespace

std::vector<std::size_t> active_cells(const Comm& comm, std::span<const double> weight,
                                      double share) {
  double max = 0;
  for (const double w : weight) max = std::max(max, w);
  max = comm.max(max);
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] > share * max) cells.push_back(i);
  }
  return cells;
}

std::vector<Point> picked(std::span<const Point> all, std::span<const std::size_t> cells) {
  std::vector<Point> some;
  some.reserve(cells.size());
  for (const std::size_t i : cells) some.push_back(all[i]);
  return some;
}

std::vector<double> picked(std::span<const double> all, std::span<const std::size_t> cells) {
  std::vector<double> some;
  some.reserve(cells.size());
  for (const std::size_t i : cells) some.push_back(all[i]);
  return some;
}

std::vector<double> pull_back(const GridModel& model, const Network& network,
                              std::span<const double> c, std::span<const double> weight) {
  const Comm& comm = model.mesh().comm;
  const auto active = active_cells(comm, weight, gradient_share);
  std::vector<double> g(std::size_t(network.parameters()), 0.0);
  comm.together([&] {
    network.linearise(picked(model.points(), active))->add_adjoint(picked(c, active), g);
  });
  comm.sum_in_place(g);
  return g;
}

Metric::Metric(const Mesh& mesh, const Network& network)
    : network_(network), model_(mesh, network), flow_(mesh, poisson_rtol) {}

void Metric::update() {
  model_.update();
  flow_.set(model_.energy());
  active_ = active_cells(mesh().comm, model_.mass(), metric_share);
  mesh().comm.together([&] { J_ = network_.linearise(picked(model_.points(), active_)); });
  p_ = picked(model_.mass(), active_);
  double sum = 0;
  for (const double p : p_) sum += p;
  p_sum_ = mesh().comm.sum(sum);
}

Kronecker Metric::coordinates(double tau, double ridge) const {
  return {mesh().comm, *J_, p_, ridge / tau};
}

void Metric::apply(std::span<const double> s, double tau, double ridge, std::span<double> out) {
  const Comm& comm = mesh().comm;
  std::vector<double> dU(p_.size());
  J_->apply(s, dU);
  double mean = 0;
  for (std::size_t i = 0; i < p_.size(); ++i) mean += p_[i] * dU[i];
  mean = comm.sum(mean) / p_sum_;
  std::vector<double> c(p_.size());
  for (std::size_t i = 0; i < p_.size(); ++i) c[i] = p_[i] * (dU[i] - mean);
  if (tau < longest_tau) {
    std::vector<double> b(model_.mass().size(), 0.0), x(b.size());
    for (std::size_t i = 0; i < c.size(); ++i) b[active_[i]] = c[i];
    poisson_iterations_ += flow_.poisson(b, x);
    ++poisson_solves_;
    double whole = 0;
    for (const std::size_t i : active_) whole += x[i];
    whole = comm.sum(whole) / p_sum_;
    for (std::size_t i = 0; i < c.size(); ++i) c[i] += (x[active_[i]] - whole * p_[i]) / tau;
  }
  std::ranges::fill(out, 0.0);
  J_->add_adjoint(c, out);
  comm.sum_in_place(out);
  if (std::isfinite(tau)) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += ridge / tau * s[k];
  }
}

}  // namespace otto
