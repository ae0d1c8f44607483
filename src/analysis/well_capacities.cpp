#include "well_capacities.h"

#include <algorithm>
#include <array>
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
                               const Outlets& outlets, DeepWells wells, bool reproducible)
    : generator_(generator),
      mesh_(generator.mesh()),
      quotient_(quotient),
      outlets_(outlets),
      wells_(std::move(wells)),
      owned_(std::size_t(mesh_.owned)),
      node_(nodes_of(outlets, wells_)),
      system_(generator, weights(), {.rtol = rtol, .reproducible = reproducible}) {
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
  std::array<ReproducibleSum, 2> parts;  // of the residual, and by times
  const std::vector<double> left = residual(h, b);
  for (std::size_t k = 0; k < owned_; ++k) {
    parts[0] += quotient_.pi(k) * std::abs(left[k]);
    parts[1] += quotient_.pi(k) * std::abs(left[k]) * T_[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  max_e_.push_back(std::min(1.0, off + cut));
  sum_r_.push_back(sums[0]);
  time_r_.push_back(sums[1]);
  h_.push_back(std::move(h));
}

void WellCapacities::add_faces(Sums& E) const {
  const auto all = std::size_t(wells() + outlets_.count());
  std::vector<double> step(all);
  const auto add = [&](double c) {
    for (std::size_t i = 0; i < all; ++i) {
      for (std::size_t j = 0; j <= i; ++j) E[i * all + j] += c * step[i] * step[j];
    }
  };
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    if (!quotient_.counts(f)) continue;
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    for (std::size_t i = 0; i < all; ++i) step[i] = h_[i][l] - h_[i][r];
    add(outlets_.factor(f) * quotient_.conductance(f));
  }
  for (std::size_t o = 0; o < std::size_t(outlets_.count());
       ++o) {  // outside, h of this outlet is 1 and the others 0
    const std::vector<double>& rate = outlets_.rate[o];
    for (std::size_t k = 0; k < rate.size(); ++k) {
      if (!(rate[k] > 0)) continue;
      for (std::size_t i = 0; i < all; ++i) {
        step[i] = h_[i][k] - (i == std::size_t(wells()) + o ? 1 : 0);
      }
      add(rate[k] * quotient_.pi(k));
    }
  }
}

/// M by T; its error is a part of T alone, however small h is where the mass is.
Eigen::VectorXd WellCapacities::masses_by_times() const {
  const auto all = std::size_t(mass_.size());
  Sums led(all);
  const auto lead = [&](std::size_t K, std::size_t L, double c) {
    if (K < owned_ && node_[K] == Outlets::free && node_[L] >= 0) {
      led[std::size_t(node_[L])] += c * T_[K];
    }
  };
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double c = outlets_.factor(f) * quotient_.conductance(f);
    lead(l, r, c);
    lead(r, l, c);
  }
  for (std::size_t o = 0; o < std::size_t(outlets_.count()); ++o) {
    const std::vector<double>& rate = outlets_.rate[o];
    for (std::size_t k = 0; k < rate.size(); ++k) {
      if (node_[k] != Outlets::free) continue;
      led[std::size_t(wells()) + o] += rate[k] * quotient_.pi(k) * T_[k];
    }
  }
  return total(led) * (1 - missed_);
}

Eigen::VectorXd WellCapacities::total(const Sums& sums) const {
  const std::vector<double> all = sums_of_all(mesh_.comm, sums);
  return Eigen::Map<const Eigen::VectorXd>(all.data(), Eigen::Index(all.size()));
}

void WellCapacities::take_better_masses() {
  const auto all = std::size_t(mass_.size());
  Sums parts(all);
  for (std::size_t k = 0; k < owned_; ++k) {
    if (node_[k] >= 0) parts[std::size_t(node_[k])] += quotient_.omega(k);
  }
  const Eigen::VectorXd held = total(parts), led = masses_by_times();
  for (Eigen::Index i = 0; i < mass_.size(); ++i) {
    const double error = led[i] * missed_ / (1 - missed_);
    if (!(error < mass_error_[i])) continue;
    mass_[i] = held[i] + led[i];
    mass_error_[i] = error;
  }
}

void WellCapacities::form_graph() {
  const std::size_t all = h_.size();
  Sums of_E(all * all), of_M(all * all), of_mass(all);
  add_faces(of_E);
  for (std::size_t k = 0; k < owned_; ++k) {
    const double omega = quotient_.omega(k);
    for (std::size_t i = 0; i < all; ++i) {
      of_mass[i] += omega * h_[i][k];
      for (std::size_t j = 0; j <= i; ++j) of_M[i * all + j] += omega * h_[i][k] * h_[j][k];
    }
  }
  const auto n = Eigen::Index(all);
  Eigen::MatrixXd E = total(of_E).reshaped(n, n), M = total(of_M).reshaped(n, n);
  for (auto* half : {&E, &M}) *half = Eigen::MatrixXd(half->selfadjointView<Eigen::Upper>());
  mass_ = total(of_mass);
  mass_error_ = Eigen::VectorXd::Zero(n);
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
