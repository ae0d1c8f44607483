// Flooding: cells in the order of V; a cell without flooded neighbours is the bottom of a well, a
// cell that joins two lakes a saddle, where the shallower of the two wells ends. With the Hessian H
// of V there (differences over three cells along each axis, V continued to the stationary point),
//
//   rate(well) = |l| / (2 pi) sqrt(det H_well / |det H_saddle|) exp(-(V_saddle - V_well) / kT),
//
// l the negative eigenvalue of H_saddle (Eyring 1935, Kramers 1940; Bovier and others 2004). A
// density relaxes between two wells with the sum of both rates.

#include "otto/analysis/eyring_kramers.h"

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // gcc 12: false, inside its AVX-512 headers
#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

namespace otto {

namespace {

constexpr std::int64_t max_cells = 10'000'000;

using Index = std::array<std::int64_t, 3>;

/// All values of V on one rank, by global number.
std::vector<double> gather(const Mesh& mesh, std::span<const double> V) {
  const Comm& comm = mesh.comm;
  const int owned = mesh.owned;
  std::vector<int> counts(std::size_t(comm.size())), starts(counts.size());
  MPI_Gather(&owned, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm.handle());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  const auto all = comm.is_root() ? std::size_t(mesh.global_cells) : 0;
  std::vector<double> values(all), sorted(all);
  std::vector<std::int64_t> number(all);
  MPI_Gatherv(V.data(), owned, MPI_DOUBLE, values.data(), counts.data(), starts.data(), MPI_DOUBLE,
              0, comm.handle());
  MPI_Gatherv(mesh.global.data(), owned, MPI_INT64_T, number.data(), counts.data(), starts.data(),
              MPI_INT64_T, 0, comm.handle());
  for (std::size_t i = 0; i < all; ++i) sorted[std::size_t(number[i])] = values[i];
  return sorted;
}

/// V on the whole box: neighbours and derivatives.
class Landscape {
 public:
  Landscape(const Box& box, std::vector<double> V) : box_(box), V_(std::move(V)) {}

  [[nodiscard]] double V(std::int64_t cell) const { return V_[std::size_t(cell)]; }
  [[nodiscard]] std::int64_t cells() const { return std::int64_t(V_.size()); }

  [[nodiscard]] Point center(std::int64_t cell) const {
    const Index at = index(cell);
    Point x{};
    for (int a = 0; a < box_.dimension; ++a) x[std::size_t(a)] = place(a, at[std::size_t(a)]);
    return x;
  }

  /// visit(cell) for the cells that share a corner with this one.
  template <class Visit>
  void neighbours(std::int64_t cell, Visit&& visit) const {
    const Index at = index(cell);
    for (std::int64_t k = -1; k <= 1; ++k) {
      for (std::int64_t j = -1; j <= 1; ++j) {
        for (std::int64_t i = -1; i <= 1; ++i) {
          if (i == 0 && j == 0 && k == 0) continue;
          const auto other = moved(at, {i, j, k});
          if (other && *other != cell) visit(*other);
        }
      }
    }
  }

  struct Stationary {
    double V;
    Eigen::MatrixXd hessian;
  };
  /// The stationary point nearest to a cell; nothing at a wall or where there is none within two
  /// cells.
  [[nodiscard]] std::optional<Stationary> stationary(std::int64_t cell) const {
    const int d = box_.dimension;
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(d);
    Eigen::MatrixXd hessian = Eigen::MatrixXd::Zero(d, d);
    const Index at = index(cell);
    std::array<Weights, 3> w;
    for (int a = 0; a < d; ++a) {
      const std::int64_t i = at[std::size_t(a)], n = box_.cells(a);
      if (n < 3 || (!box_.periodic[std::size_t(a)] && (i == 0 || i + 1 == n))) return std::nullopt;
      w[std::size_t(a)] = weights(place(a, i - 1) - place(a, i), place(a, i + 1) - place(a, i));
    }
    for (int a = 0; a < d; ++a) {
      for (std::size_t p = 0; p < 3; ++p) {
        Index step{};
        step[std::size_t(a)] = std::int64_t(p) - 1;
        const double value = V(*moved(at, step));
        gradient[a] += w[std::size_t(a)].first[p] * value;
        hessian(a, a) += w[std::size_t(a)].second[p] * value;
      }
      for (int b = 0; b < a; ++b) hessian(a, b) = hessian(b, a) = mixed(at, a, b, w);
    }
    const Eigen::VectorXd step = -hessian.fullPivLu().solve(gradient);
    for (int a = 0; a < d; ++a) {
      const double width = place(a, at[std::size_t(a)] + 1) - place(a, at[std::size_t(a)]);
      if (!(std::abs(step[a]) < 2 * width)) return std::nullopt;
    }
    return Stationary{V(cell) + 0.5 * gradient.dot(step), hessian};
  }

 private:
  struct Weights {
    std::array<double, 3> first{}, second{};
  };
  /// Derivatives at 0 of the parabola through values at -a, 0, b (a = -below).
  static Weights weights(double below, double above) {
    const double a = -below, b = above;
    return {{-b / (a * (a + b)), (b - a) / (a * b), a / (b * (a + b))},
            {2 / (a * (a + b)), -2 / (a * b), 2 / (b * (a + b))}};
  }

  [[nodiscard]] double mixed(const Index& at, int a, int b, const std::array<Weights, 3>& w) const {
    double sum = 0;
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t q = 0; q < 3; ++q) {
        Index step{};
        step[std::size_t(a)] = std::int64_t(p) - 1;
        step[std::size_t(b)] = std::int64_t(q) - 1;
        sum += w[std::size_t(a)].first[p] * w[std::size_t(b)].first[q] * V(*moved(at, step));
      }
    }
    return sum;
  }

  [[nodiscard]] Index index(std::int64_t cell) const {
    const std::int64_t nx = box_.cells(0), ny = box_.cells(1);
    return {cell % nx, cell / nx % ny, cell / (nx * ny)};
  }

  [[nodiscard]] std::optional<std::int64_t> moved(const Index& at, const Index& step) const {
    Index to{};
    for (int a = 0; a < 3; ++a) {
      const auto s = std::size_t(a);
      const std::int64_t n = box_.cells(a);
      to[s] = at[s] + step[s];
      if (to[s] >= 0 && to[s] < n) continue;
      if (a >= box_.dimension || !box_.periodic[s]) return std::nullopt;
      to[s] = (to[s] + n) % n;
    }
    return to[0] + box_.cells(0) * (to[1] + box_.cells(1) * to[2]);
  }

  /// Centre of a cell along an axis; beyond a periodic end the image's.
  [[nodiscard]] double place(int axis, std::int64_t i) const {
    const auto& nodes = box_.nodes[std::size_t(axis)];
    const std::int64_t n = box_.cells(axis), inside = (i + n) % n;
    const double shift = i < 0    ? nodes.front() - nodes.back()
                         : i >= n ? nodes.back() - nodes.front()
                                  : 0;
    return 0.5 * (nodes[std::size_t(inside)] + nodes[std::size_t(inside + 1)]) + shift;
  }

  const Box& box_;
  std::vector<double> V_;
};

struct Merge {
  std::int64_t well, deeper, saddle;
};

/// All wells but the deepest, with the saddle where each of them ends.
std::vector<Merge> flood(const Landscape& land, double kT) {
  std::vector<std::int64_t> order(std::size_t(land.cells()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::int64_t cell) { return land.V(cell); });
  std::vector<std::int64_t> lake(order.size(), -1);  // towards the bottom of the lake
  const auto bottom = [&](std::int64_t cell) {
    while (lake[std::size_t(cell)] != cell) {
      auto& up = lake[std::size_t(cell)];
      up = lake[std::size_t(up)];
      cell = up;
    }
    return cell;
  };
  std::vector<Merge> merges;
  for (const std::int64_t cell : order) {
    std::int64_t mine = -1;
    land.neighbours(cell, [&](std::int64_t other) {
      if (lake[std::size_t(other)] < 0) return;
      const std::int64_t theirs = bottom(other);
      if (mine < 0) mine = theirs;
      if (mine == theirs) return;
      const bool deeper = land.V(mine) <= land.V(theirs);
      const std::int64_t low = deeper ? mine : theirs, high = deeper ? theirs : mine;
      if (land.V(cell) - land.V(high) > kT) merges.push_back({high, low, cell});
      lake[std::size_t(high)] = low;
      mine = low;
    });
    lake[std::size_t(cell)] = mine < 0 ? cell : mine;
  }
  return merges;
}

std::optional<EyringKramersRate> eyring_kramers(const Landscape& land, const Merge& m, double kT) {
  const auto well = land.stationary(m.well), deeper = land.stationary(m.deeper),
             saddle = land.stationary(m.saddle);
  if (!well || !deeper || !saddle) return std::nullopt;
  const Eigen::VectorXd l =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(saddle->hessian).eigenvalues();
  if (!(l[0] < 0) || (l.size() > 1 && !(l[1] > 0))) return std::nullopt;
  const auto out_of = [&](const Landscape::Stationary& from) {
    const double ratio = from.hessian.determinant() / std::abs(l.prod());
    return -l[0] / (2 * std::numbers::pi) * std::sqrt(ratio) * std::exp((from.V - saddle->V) / kT);
  };
  const double rate = out_of(*well) + out_of(*deeper);
  if (!std::isfinite(rate)) return std::nullopt;
  return EyringKramersRate{land.center(m.well), land.center(m.deeper), land.center(m.saddle),
                           saddle->V - well->V, rate};
}

std::vector<EyringKramersRate> on_root(const Box& box, std::vector<double> V, double kT) {
  const Landscape land(box, std::move(V));
  std::vector<EyringKramersRate> crossings;
  for (const Merge& merge : flood(land, kT)) {
    if (const auto crossing = eyring_kramers(land, merge, kT)) crossings.push_back(*crossing);
  }
  std::ranges::sort(crossings, {}, &EyringKramersRate::rate);
  return crossings;
}

}  // namespace

std::vector<EyringKramersRate> eyring_kramers(const Mesh& mesh, std::span<const double> V,
                                              double kT) {
  if (!mesh.box || mesh.global_cells > max_cells || !(kT > 0)) return {};
  std::vector<double> all = gather(mesh, V);
  std::vector<EyringKramersRate> crossings;
  mesh.comm.together([&] {
    if (mesh.comm.is_root()) crossings = on_root(mesh.box->box, std::move(all), kT);
  });
  static_assert(sizeof(EyringKramersRate) % sizeof(double) == 0);
  std::int64_t count = mesh.comm.max(std::int64_t(crossings.size()));
  crossings.resize(std::size_t(count));
  MPI_Bcast(crossings.data(), int(crossings.size() * sizeof(EyringKramersRate) / sizeof(double)),
            MPI_DOUBLE, 0, mesh.comm.handle());
  return crossings;
}

}  // namespace otto
