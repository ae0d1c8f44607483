#include "deep_modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deep_wells.h"
#include "graph_modes.h"
#include "otto/core/error.h"
#include "otto/linear/backward_solver.h"

namespace otto {

namespace {

constexpr int max_wells = 64, max_passes = 4;
constexpr double hold = 1e30;  // weight of a core's cell, over its own rates
constexpr double min_cut = 1e-12, largest_cut = 1e-9;  // of h, at 0 and 1
constexpr double rtol = 1e-12;      // of one solve; each is repeated for what is left
constexpr double far_below = 1e-6;  // rate over l_D: the shape is one to 1e-6 as well

using Field = std::vector<double>;  // of owned + ghost cells

constexpr double max_error = 1e-3;  // of a mean exit time, as of a rate

/// t of deep_modes.h: nodes are taken out one by one, what each conducts, gains and loses going to those before it.
Eigen::VectorXd times_of_cores(Eigen::MatrixXd C, Eigen::VectorXd exit, Eigen::VectorXd mass) {
  const Eigen::Index m = mass.size();
  Eigen::VectorXd out(m);
  for (Eigen::Index n = m - 1; n >= 0; --n) {
    out[n] = exit[n] + C.row(n).head(n).sum();
    for (Eigen::Index j = 0; j < n; ++j) {
      const double part = C(j, n) / out[n];
      exit[j] += part * exit[n];
      mass[j] += part * mass[n];
      for (Eigen::Index k = 0; k < n; ++k) {
        if (k != j) C(j, k) += part * C(n, k);
      }
    }
  }
  Eigen::VectorXd t(m);
  for (Eigen::Index n = 0; n < m; ++n) {
    t[n] = (mass[n] + C.row(n).head(n).dot(t.head(n))) / out[n];
  }
  return t;
}

class Capacities {
 public:
  Capacities(const Generator& generator, const Quotient& quotient, DeepWells wells)
      : generator_(generator),
        mesh_(generator.mesh()),
        quotient_(quotient),
        wells_(std::move(wells)),
        owned_(std::size_t(mesh_.owned)),
        system_(generator, weights(), {.rtol = rtol}) {}

  DeepModes modes(double depth) {
    solve_all();
    form_graph();
    const GraphModes graph = graph_modes(C_, exit_, mass_);
    const double l_D = 1 / slowest_;
    const double cores = double(wells_.largest) * std::exp(-depth);
    DeepModes found;
    if (!generator_.absorbs()) found.settled.emplace_back(owned_, 1.0);
    for (std::size_t k = 0; k < graph.rate.size(); ++k) {
      Mode mode;
      mode.shape.assign(owned_, 0.0);
      for (std::size_t i = 0; i < std::size_t(wells_.count); ++i) {
        const double u = graph.shape(Eigen::Index(i), Eigen::Index(k));
        for (std::size_t c = 0; c < owned_; ++c) mode.shape[c] += u * h_[i][c];
      }
      quotient_.normalise(mode.shape);
      mode.rate = graph.rate[k];
      mode.residual = std::nan("");
      mode.error = mode.rate > 0 ? mode.rate / l_D + 2 * overlap_ + solve_error_ + cores : 1;
      if (mode.rate < far_below * l_D) found.settled.push_back(mode.shape);
      found.modes.push_back(std::move(mode));
    }
    found.solves = solves_;
    found.iterations = iterations_;
    return found;
  }

  std::vector<double> exit_times(double depth) {
    solve_all();
    form_graph();
    const Eigen::VectorXd t = times_of_cores(C_, exit_, mass_);
    const double error = solve_error_ + double(wells_.largest) * std::exp(-depth);
    if (!t.allFinite() || !(error < max_error)) {
      throw NumericalError(
          "the mean exit time from the deep wells of the energy is not resolved; try a larger "
          "temperature");
    }
    std::vector<double> times(to_core_.begin(), to_core_.begin() + mesh_.owned);
    for (std::size_t i = 0; i < std::size_t(wells_.count); ++i) {
      for (std::size_t k = 0; k < owned_; ++k) times[k] += t[Eigen::Index(i)] * h_[i][k];
    }
    return times;
  }

 private:
  [[nodiscard]] bool held(std::size_t cell) const { return wells_.core[cell] >= 0; }

  /// visit(K, L, rate) for every owned K and each of its neighbours L.
  template <class Visit>
  void exchanges(Visit&& visit) const {
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
      if (l < owned_) visit(l, r, generator_.forward()[f]);
      if (r < owned_) visit(r, l, generator_.backward()[f]);
    }
  }

  [[nodiscard]] std::vector<double> weights() const {
    std::vector<double> sigma(owned_, 0.0);
    exchanges([&](std::size_t K, std::size_t, double rate) {
      if (held(K)) sigma[K] += hold * rate / mesh_.volume[K];
    });
    return sigma;
  }

  /// b - A f on the free cells, 0 on cores. `f`: owned + ghosts, with the values of the cores.
  [[nodiscard]] std::vector<double> residual(const Field& f, std::span<const double> b) const {
    std::vector<double> r(b.begin(), b.end());
    exchanges([&](std::size_t K, std::size_t L, double rate) { r[K] -= rate * (f[K] - f[L]); });
    const auto absorption = generator_.absorption();
    for (std::size_t k = 0; k < absorption.size(); ++k) r[k] -= absorption[k] * f[k];
    for (std::size_t k = 0; k < owned_; ++k) {
      if (held(k)) r[k] = 0;
    }
    return r;
  }

  /// f, the values on the cores given, with A f = b elsewhere: solves for what is left until the
  /// last one was precise. What then is still left, the errors tell.
  Field solve(Field f, std::span<const double> b) {
    std::vector<double> correction(owned_);
    for (int pass = 0, precise = 0; pass < max_passes && precise < 2; ++pass) {
      const SolveReport report = system_.solve(residual(f, b), correction);
      ++solves_;
      iterations_ += report.iterations;
      precise += report.converged ? 1 : 0;
      for (std::size_t k = 0; k < owned_; ++k) {
        if (!held(k)) f[k] += correction[k];
      }
      mesh_.halo.update(mesh_.comm, f);
    }
    return f;
  }

  /// max |r / vol|, r = b - A f.
  [[nodiscard]] double deviation(const Field& f, std::span<const double> b) const {
    double max = 0;
    const std::vector<double> r = residual(f, b);
    for (std::size_t k = 0; k < owned_; ++k) {
      const double here = std::abs(r[k]) / mesh_.volume[k];
      max = here <= max ? max : here;  // keeps a nan
    }
    return mesh_.comm.max(max);
  }

  /// A T = vol. Where it is met up to r, |r| <= s vol, the exact T is at most T / (1 - s).
  void find_slowest() {
    const std::vector<double> volume(mesh_.volume.begin(), mesh_.volume.begin() + mesh_.owned);
    const Field T = solve(Field(std::size_t(mesh_.local()), 0.0), volume);
    const double missed = deviation(T, volume);
    if (!(missed < 0.5)) {
      throw NumericalError(
          "the time to reach the deep wells of the energy is not resolved, and so no rate of "
          "theirs "
          "is; try a larger temperature");
    }
    slowest_ = mesh_.comm.max(*std::ranges::max_element(T)) / (1 - missed);
    to_core_ = T;
  }

  void solve_all() {
    const std::vector<double> zero(owned_, 0.0);
    find_slowest();
    for (int i = 0; i < wells_.count; ++i) {
      Field on_core(std::size_t(mesh_.local()), 0.0);
      for (std::size_t k = 0; k < on_core.size(); ++k) on_core[k] = wells_.core[k] == i ? 1 : 0;
      add(solve(std::move(on_core), zero), zero);
    }
    if (!generator_.absorbs()) return;
    const std::vector<double> out(generator_.absorption().begin(), generator_.absorption().end());
    add(solve(Field(std::size_t(mesh_.local()), 0.0), out), out);
  }

  /// Cuts h off, and keeps how far its residuals let E be from the exact one.
  void add(Field h, std::span<const double> b) {
    const double off = deviation(h, b) * slowest_;  // max |e|
    const double cut = std::clamp(off, min_cut, largest_cut);
    for (double& v : h) v = std::clamp((v - cut) / (1 - 2 * cut), 0.0, 1.0);
    double sum = 0;  // of pi |r| for what was cut
    const std::vector<double> left = residual(h, b);
    for (std::size_t k = 0; k < owned_; ++k) sum += quotient_.pi(k) * std::abs(left[k]);
    change_.push_back(std::min(1.0, off + cut) * mesh_.comm.sum(sum));
    h_.push_back(std::move(h));
  }

  void form_graph() {
    const auto m = Eigen::Index(wells_.count), all = Eigen::Index(h_.size());
    Eigen::MatrixXd E = Eigen::MatrixXd::Zero(all, all), M = Eigen::MatrixXd::Zero(all, all);
    Eigen::VectorXd step(all), value(all), mass = Eigen::VectorXd::Zero(all);
    const auto set = [&](Eigen::VectorXd& at, auto&& of) {
      for (Eigen::Index i = 0; i < all; ++i) at[i] = of(h_[std::size_t(i)], i);
    };
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
      set(step, [&](const Field& h, Eigen::Index) { return h[l] - h[r]; });
      E += quotient_.share(f) * quotient_.conductance(f) * step * step.transpose();
    }
    const auto absorption = generator_.absorption();
    for (std::size_t k = 0; k < absorption.size(); ++k) {  // h_0 is 1 outside, the others 0
      set(step, [&](const Field& h, Eigen::Index i) { return h[k] - (i == m ? 1 : 0); });
      E += absorption[k] * quotient_.pi(k) * step * step.transpose();
    }
    for (std::size_t k = 0; k < owned_; ++k) {
      set(value, [&](const Field& h, Eigen::Index) { return h[k]; });
      M += quotient_.omega(k) * value * value.transpose();
      mass += quotient_.omega(k) * value;
    }
    mesh_.comm.sum_in_place({E.data(), std::size_t(E.size())});
    mesh_.comm.sum_in_place({M.data(), std::size_t(M.size())});
    mesh_.comm.sum_in_place({mass.data(), std::size_t(mass.size())});
    mass_ = mass.head(m);
    C_ = (-E.topLeftCorner(m, m)).cwiseMax(0.0);
    exit_ = Eigen::VectorXd::Zero(m);
    if (all > m) exit_ = (-E.col(m).head(m)).cwiseMax(0.0);
    for (Eigen::Index i = 0; i < m; ++i) {
      overlap_ = std::max(overlap_, (M.row(i).head(m).sum() - M(i, i)) / mass_[i]);
      solve_error_ = std::max(solve_error_, change_[std::size_t(i)] / E(i, i));
    }
  }

  const Generator& generator_;
  const Mesh& mesh_;
  const Quotient& quotient_;
  DeepWells wells_;
  std::size_t owned_;
  BackwardSystem system_;
  Field to_core_;               // T
  std::vector<Field> h_;        // by well; last, where there is one, h_0
  std::vector<double> change_;  // of E, by h
  double slowest_ = 0;          // max T
  Eigen::MatrixXd C_;
  Eigen::VectorXd exit_, mass_;
  double overlap_ = 0, solve_error_ = 0;
  int solves_ = 0, iterations_ = 0;
};

}  // namespace

namespace {

/// None where no well is as deep as asked.
DeepWells wells_of(const Generator& generator, const DeepOptions& options) {
  DeepWells wells = find_deep_wells(generator, options.depth, options.depth);
  if (wells.count < (generator.absorbs() ? 1 : 2)) return {};
  if (wells.count > max_wells) {
    throw NumericalError(
        fmt::format("the energy has {} wells deeper than {} kT, and rates from so deep ones are "
                    "found for {} at most; raise the temperature or smooth the energy",
                    wells.count, options.depth, max_wells));
  }
  DeepWells more = find_deep_wells(generator, options.shallow, options.depth);
  return more.count <= max_wells ? more : wells;
}

}  // namespace

DeepModes find_deep_modes(const Generator& generator, const Quotient& quotient,
                          const DeepOptions& options) {
  DeepWells wells = wells_of(generator, options);
  if (wells.count == 0) return {};
  return Capacities(generator, quotient, std::move(wells)).modes(options.depth);
}

std::vector<double> find_deep_exit_times(const Generator& generator, const Quotient& quotient,
                                         const DeepOptions& options) {
  DeepWells wells = wells_of(generator, options);
  if (wells.count == 0) return {};
  return Capacities(generator, quotient, std::move(wells)).exit_times(options.depth);
}

}  // namespace otto
