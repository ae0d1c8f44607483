#include "otto/learn/grid_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"

namespace otto {

GridModel::GridModel(const Mesh& mesh, const Network& network)
    : mesh_(mesh), network_(network), blocks_(mesh), log_volume_(std::size_t(mesh.owned)) {
  log_of(std::span(mesh.volume).first(log_volume_.size()), log_volume_);
}

void GridModel::update() { set(blocks_.evaluate(network_)); }

void GridModel::set(std::vector<double> U) {
  U_ = std::move(U);
  double max = -std::numeric_limits<double>::infinity();
  bool finite = true;
  for (std::size_t i = 0; i < U_.size(); ++i) {
    finite = finite && std::isfinite(U_[i]);
    max = std::max(max, log_volume_[i] - U_[i]);
  }
  if (mesh_.comm.any(!finite)) {
    throw NumericalError(
        "the network's energy is not finite at some cell centre; take smaller steps "
        "(train.learning_rate, train.tau) or another network");
  }
  max = mesh_.comm.max(max);
  p_.resize(U_.size());
  for (std::size_t i = 0; i < U_.size(); ++i) p_[i] = log_volume_[i] - U_[i] - max;
  exp_of(p_, p_);
  ReproducibleSum sum;
  sum.add(p_);
  const double Z = sum_of_all(mesh_.comm, sum);
  for (double& x : p_) x /= Z;
  log_z_ = max + std::log(Z);
}

double GridModel::log_mass(std::size_t i) const { return log_volume_[i] - U_[i] - log_z_; }

double GridModel::kl(std::span<const double> q) const {
  ReproducibleSum sum;
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (q[i] > 0) sum.add(q[i] * (std::log(q[i]) - log_mass(i)));
  }
  return sum_of_all(mesh_.comm, sum);
}

Divergences GridModel::divergences(std::span<const double> q) const {
  constexpr double min = 1e-300;
  std::array<ReproducibleSum, 2> parts;  // of the reverse divergence and of sum |p - q|
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (p_[i] > 0) parts[0].add(p_[i] * (log_mass(i) - std::log(std::max(q[i], min))));
    parts[1].add(std::abs(p_[i] - q[i]));
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return {kl(q), sums[0], 0.5 * sums[1]};
}

}  // namespace otto
