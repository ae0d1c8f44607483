#include "otto/learn/metric.h"

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

constexpr double metric_share = 1e-8;     ///< of the largest mass: cells the metric sees
constexpr double gradient_share = 1e-12;  ///< and the gradient
constexpr double poisson_rtol = 1e-8;
constexpr double longest_tau = 1e8;  ///< beyond, G / tau is below the rounding of H

/// Where `weight` is above `share` of its largest value; in blocks. Collective.
std::vector<char> heavy(const CellBlocks& cells, std::span<const double> weight, double share) {
  const std::vector<double> in_blocks = cells.to_blocks(weight);
  double max = 0;
  for (const double w : in_blocks) max = std::max(max, w);
  max = cells.comm().max(max);
  std::vector<char> is(in_blocks.size());
  for (std::size_t i = 0; i < is.size(); ++i) is[i] = in_blocks[i] > share * max ? 1 : 0;
  return is;
}

SolverOptions with_rtol(SolverOptions options, double rtol) {
  options.rtol = rtol;
  return options;
}

/// sum_i a_i b_i over all ranks.
double product(const Comm& comm, std::span<const double> a, std::span<const double> b) {
  ReproducibleSum sum;
  sum.add(a.size(), [=](std::size_t i) { return a[i] * b[i]; });
  return sum_of_all(comm, sum);
}

double total(const Comm& comm, std::span<const double> a) {
  ReproducibleSum sum;
  sum.add(a);
  return sum_of_all(comm, sum);
}

}  // namespace

std::vector<double> pull_back(const GridModel& model, const Network& network,
                              std::span<const double> c, std::span<const double> weight) {
  const CellBlocks& cells = model.blocks();
  const CellJacobian J(cells, network, heavy(cells, weight, gradient_share));
  return J.adjoint(J.picked(cells.to_blocks(c)));
}

Metric::Metric(const Mesh& mesh, const Network& network, SolverOptions solver)
    : network_(network), model_(mesh, network), flow_(mesh, with_rtol(solver, poisson_rtol)) {}

void Metric::update() {
  model_.update();
  flow_.set(model_.energy());
  const CellBlocks& cells = model_.blocks();
  J_ = std::make_unique<CellJacobian>(cells, network_, heavy(cells, model_.mass(), metric_share));
  p_ = J_->picked(cells.to_blocks(model_.mass()));
  p_sum_ = total(mesh().comm, p_);
}

Kronecker Metric::coordinates(double tau, double ridge) const { return {*J_, p_, ridge / tau}; }

void Metric::apply(std::span<const double> s, double tau, double ridge, std::span<double> out) {
  const Comm& comm = mesh().comm;
  const CellBlocks& cells = model_.blocks();
  std::vector<double> dU(p_.size());
  J_->apply(s, dU);
  const double mean = product(comm, p_, dU) / p_sum_;
  std::vector<double> c(p_.size());
  for (std::size_t i = 0; i < p_.size(); ++i) c[i] = p_[i] * (dU[i] - mean);
  if (tau < longest_tau) {
    std::vector<double> x(model_.mass().size());
    poisson_iterations_ += flow_.poisson(cells.to_cells(J_->spread(c)), x);
    ++poisson_solves_;
    x = J_->picked(cells.to_blocks(x));
    const double whole = total(comm, x) / p_sum_;
    for (std::size_t i = 0; i < c.size(); ++i) c[i] += (x[i] - whole * p_[i]) / tau;
  }
  std::ranges::copy(J_->adjoint(c), out.begin());
  if (std::isfinite(tau)) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += ridge / tau * s[k];
  }
}

}  // namespace otto
