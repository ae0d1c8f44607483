#include "well_capacities.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr int max_passes = 4;
constexpr double hold = 1e30;                          // weight of a held cell, over its own rates
constexpr double min_cut = 1e-12, largest_cut = 1e-9;  // of h, at 0 and 1
constexpr double rtol = 1e-12;  // of one solve; each is repeated for what is left

/// The node every cell is part of; `free` and `cut_off` as in Outlets.
std::vector<int> nodes_of(const Outlets& outlets, const DeepWells& wells) {
  std::vector<int> node = outlets.holds;
  for (std::size_t k = 0; k < node.size(); ++k) {
    if (node[k] >= 0) node[k] += wells.count;
    if (wells.count > 0 && wells.core[k] >= 0) node[k] = wells.core[k];
  }
  return node;
}

}  // namespace

WellCapacities::WellCapacities(const Generator& generator, const Quotient& quotient,
                               const Outlets& outlets, DeepWells wells)
    : generator_(generator),
      mesh_(generator.mesh()),
      quotient_(quotient),
      outlets_(outlets),
      wells_(std::move(wells)),
      owned_(std::size_t(mesh_.owned)),
      node_(nodes_of(outlets, wells_)),
      system_(generator, weights(), {.rtol = rtol}) {
  find_times();
  for (int node = 0; node < wells_.count + outlets_.count(); ++node) find_h(node);
  form_graph();
}

double WellCapacities::core_error(double depth) const {
  return double(wells_.largest) * std::exp(-depth);
}

/// visit(K, L, rate) for every owned K and each of its neighbours L.
template <class Visit>
void WellCapacities::exchanges(Visit&& visit) const {
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double factor = outlets_.factor(f);
    if (l < owned_) visit(l, r, factor * generator_.forward()[f]);
    if (r < owned_) visit(r, l, factor * generator_.backward()[f]);
  }
}

/// What the system has beside the generator's rates: cells that are held, and faces that are stretched.
std::vector<double> WellCapacities::weights() const {
  std::vector<double> sigma(owned_, 0.0), rates(owned_, 0.0), plain(owned_, 0.0);
  exchanges([&](std::size_t K, std::size_t, double rate) { rates[K] += rate; });
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    if (l < owned_) plain[l] += (outlets_.factor(f) - 1) * generator_.forward()[f];
    if (r < owned_) plain[r] += (outlets_.factor(f) - 1) * generator_.backward()[f];
  }
  for (std::size_t k = 0; k < owned_; ++k) {
    const double held = hold * (rates[k] > 0 ? rates[k] : 1);
    sigma[k] = (node_[k] == Outlets::free ? plain[k] : held) / mesh_.volume[k];
  }
  return sigma;
}

/// b - A f on the free cells, 0 on others. `f`: owned + ghosts, with the values of the cells held.
std::vector<double> WellCapacities::residual(const Field& f, std::span<const double> b) const {
  std::vector<double> r(b.begin(), b.end());
  exchanges([&](std::size_t K, std::size_t L, double rate) { r[K] -= rate * (f[K] - f[L]); });
  const auto absorption = generator_.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) r[k] -= absorption[k] * f[k];
  for (std::size_t k = 0; k < owned_; ++k) {
    if (node_[k] != Outlets::free) r[k] = 0;
  }
  return r;
}

/// f, the values of the cells held given, with A f = b elsewhere: solves for what is left until the
/// last one was precise. What then is still left, the errors tell.
WellCapacities::Field WellCapacities::solve(Field f, std::span<const double> b) {
  std::vector<double> correction(owned_);
  for (int pass = 0, precise = 0; pass < max_passes && precise < 2; ++pass) {
    const SolveReport report = system_.solve(residual(f, b), correction);
    ++solves_;
    iterations_ += report.iterations;
    precise += report.converged ? 1 : 0;
    for (std::size_t k = 0; k < owned_; ++k) {
      if (node_[k] == Outlets::free) f[k] += correction[k];
    }
    mesh_.halo.update(mesh_.comm, f);
  }
  return f;
}

/// max |r / vol|, r = b - A f.
double WellCapacities::deviation(const Field& f, std::span<const double> b) const {
  double max = 0;
  const std::vector<double> r = residual(f, b);
  for (std::size_t k = 0; k < owned_; ++k) {
    const double here = std::abs(r[k]) / mesh_.volume[k];
    max = here <= max ? max : here;  // keeps a nan
  }
  return mesh_.comm.max(max);
}

/// A T = vol. Where it is met up to r, |r| <= s vol, the exact T is at most T / (1 - s).
void WellCapacities::find_times() {
  const std::vector<double> volume(mesh_.volume.begin(), mesh_.volume.begin() + mesh_.owned);
  T_ = solve(Field(std::size_t(mesh_.local()), 0.0), volume);
  const double missed = deviation(T_, volume);
  if (!(missed < 0.5)) {
    throw NumericalError(
        "the time to reach the deep wells of the energy is not resolved, and so no rate of "
        "theirs "
        "is; try a larger temperature");
  }
  missed_ = missed;
  for (double& t : T_) t /= 1 - missed;
  double max = 0;
  for (std::size_t k = 0; k < owned_; ++k) max = std::max(max, T_[k]);
  slowest_ = mesh_.comm.max(max);
}

void WellCapacities::find_h(int node) {
  Field on_node(std::size_t(mesh_.local()), 0.0);
  for (std::size_t k = 0; k < on_node.size(); ++k) on_node[k] = node_[k] == node ? 1 : 0;
  std::vector<double> b(owned_, 0.0);
  if (node >= wells_.count) {
    std::ranges::copy(outlets_.rate[std::size_t(node - wells_.count)], b.begin());
  }
  add(solve(std::move(on_node), b), b);
}

/// Cuts h off, and keeps what its residuals leave open.
void WellCapacities::add(Field h, std::span<const double> b) {
  const double off = deviation(h, b) * slowest_;  // max |e|
  const double cut = std::clamp(off, min_cut, largest_cut);
  for (std::size_t k = 0; k < h.size(); ++k) {
    if (node_[k] == Outlets::free) h[k] = std::clamp((h[k] - cut) / (1 - 2 * cut), 0.0, 1.0);
  }
  double sum = 0, time = 0;
  const std::vector<double> left = residual(h, b);
  for (std::size_t k = 0; k < owned_; ++k) {
    sum += quotient_.pi(k) * std::abs(left[k]);
    time += quotient_.pi(k) * std::abs(left[k]) * T_[k];
  }
  max_e_.push_back(std::min(1.0, off + cut));
  sum_r_.push_back(mesh_.comm.sum(sum));
  time_r_.push_back(mesh_.comm.sum(time));
  h_.push_back(std::move(h));
}

void WellCapacities::add_faces(Eigen::MatrixXd& E) const {
  const Eigen::Index all = E.rows();
  Eigen::VectorXd step(all);
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    for (Eigen::Index i = 0; i < all; ++i) step[i] = h(i)[l] - h(i)[r];
    const double c = outlets_.factor(f) * quotient_.conductance(f);
    E += quotient_.share(f) * c * step * step.transpose();
  }
  for (int o = 0; o < outlets_.count(); ++o) {  // outside, h of this outlet is 1 and the others 0
    const std::vector<double>& rate = outlets_.rate[std::size_t(o)];
    for (std::size_t k = 0; k < rate.size(); ++k) {
      if (!(rate[k] > 0)) continue;
      for (Eigen::Index i = 0; i < all; ++i) step[i] = h(i)[k] - (i == wells() + o ? 1 : 0);
      E += rate[k] * quotient_.pi(k) * step * step.transpose();
    }
  }
}

/// M by T; its error is a part of T alone, however small h is where the mass is.
Eigen::VectorXd WellCapacities::masses_by_times() const {
  const Eigen::Index all = mass_.size();
  Eigen::VectorXd led = Eigen::VectorXd::Zero(all);
  const auto lead = [&](std::size_t K, std::size_t L, double c) {
    if (K < owned_ && node_[K] == Outlets::free && node_[L] >= 0) led[node_[L]] += c * T_[K];
  };
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double c = outlets_.factor(f) * quotient_.conductance(f);
    lead(l, r, c);
    lead(r, l, c);
  }
  for (int o = 0; o < outlets_.count(); ++o) {
    const std::vector<double>& rate = outlets_.rate[std::size_t(o)];
    for (std::size_t k = 0; k < rate.size(); ++k) {
      if (node_[k] == Outlets::free) led[wells() + o] += rate[k] * quotient_.pi(k) * T_[k];
    }
  }
  mesh_.comm.sum_in_place({led.data(), std::size_t(all)});
  return led * (1 - missed_);
}

void WellCapacities::take_better_masses() {
  const Eigen::Index all = mass_.size();
  Eigen::VectorXd held = Eigen::VectorXd::Zero(all);
  for (std::size_t k = 0; k < owned_; ++k) {
    if (node_[k] >= 0) held[node_[k]] += quotient_.omega(k);
  }
  mesh_.comm.sum_in_place({held.data(), std::size_t(all)});
  const Eigen::VectorXd led = masses_by_times();
  for (Eigen::Index i = 0; i < all; ++i) {
    const double error = led[i] * missed_ / (1 - missed_);
    if (!(error < mass_error_[i])) continue;
    mass_[i] = held[i] + led[i];
    mass_error_[i] = error;
  }
}

void WellCapacities::form_graph() {
  const auto all = Eigen::Index(h_.size());
  Eigen::MatrixXd E = Eigen::MatrixXd::Zero(all, all), M = Eigen::MatrixXd::Zero(all, all);
  Eigen::VectorXd value(all);
  mass_ = mass_error_ = Eigen::VectorXd::Zero(all);
  add_faces(E);
  for (std::size_t k = 0; k < owned_; ++k) {
    for (Eigen::Index i = 0; i < all; ++i) value[i] = h(i)[k];
    M += quotient_.omega(k) * value * value.transpose();
    mass_ += quotient_.omega(k) * value;
  }
  mesh_.comm.sum_in_place({E.data(), std::size_t(E.size())});
  mesh_.comm.sum_in_place({M.data(), std::size_t(M.size())});
  mesh_.comm.sum_in_place({mass_.data(), std::size_t(mass_.size())});
  C_ = (0.0 - E.array()).cwiseMax(0.0).matrix();  // 0, not -0, where nothing conducts
  find_errors(E, M);
  take_better_masses();
}

void WellCapacities::find_errors(const Eigen::MatrixXd& E, const Eigen::MatrixXd& M) {
  const Eigen::Index all = E.rows(), m = wells();
  C_error_ = Eigen::MatrixXd::Zero(all, all);
  for (Eigen::Index i = 0; i < all; ++i) {
    const auto a = std::size_t(i);
    mass_error_[i] = time_r_[a];
    for (Eigen::Index j = 0; j < all; ++j) {
      const auto b = std::size_t(j);
      if (i != j) C_error_(i, j) = std::min(max_e_[a] * sum_r_[b], max_e_[b] * sum_r_[a]);
    }
    if (i >= m) continue;
    overlap_ = std::max(overlap_, (M.row(i).head(m).sum() - M(i, i)) / mass_[i]);
    solve_error_ = std::max(solve_error_, max_e_[a] * sum_r_[a] / E(i, i));
  }
}

}  // namespace otto
