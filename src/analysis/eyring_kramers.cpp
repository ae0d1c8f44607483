// Flooding: cells in the order of V; a cell without flooded neighbours is the bottom of a well, a
// cell that joins two lakes a saddle, where the shallower of the two wells ends. Cells take the basin of their
// lowest neighbour; basins of wells no deeper than kT are part of the one they flow into. A cell where two basins meet, none of whose flooded
// neighbours is one, is another pass between them. With the Hessian H
// of V at wells and saddles (differences over three cells along each axis, V continued to the stationary point),
//
//   rate(well) = sum over passes |l| / (2 pi) sqrt(det H_well / |det H_saddle|) exp(-(V_saddle - V_well) / kT),
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
#include <type_traits>
#include <unordered_map>
#include <utility>

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
    Eigen::VectorXd at;  // from the centre of the cell, in widths of cells
  };
  /// The stationary point nearest to a cell, with H there; nothing at a wall or where there is none within two
  /// cells.
  [[nodiscard]] std::optional<Stationary> stationary(std::int64_t cell) const {
    const auto here = derivatives(cell);
    if (!here) return std::nullopt;
    const Eigen::VectorXd step = -here->hessian.fullPivLu().solve(here->gradient);
    Stationary found{V(cell) + 0.5 * here->gradient.dot(step), here->hessian, step};
    const Index at = index(cell);
    for (int a = 0; a < box_.dimension; ++a) {
      const auto s = std::size_t(a);
      found.at[a] /= place(a, at[s] + 1) - place(a, at[s]);
      if (!(std::abs(found.at[a]) < 2)) return std::nullopt;
      Index side{};
      side[s] = found.at[a] < 0 ? -1 : 1;
      const auto neighbour = moved(at, side);
      const auto there = neighbour ? derivatives(*neighbour) : std::nullopt;
      if (there) found.hessian += std::abs(found.at[a]) * (there->hessian - here->hessian);
    }
    return found;
  }

  [[nodiscard]] bool at_wall(std::int64_t cell) const {
    const Index at = index(cell);
    for (int a = 0; a < box_.dimension; ++a) {
      const std::int64_t i = at[std::size_t(a)];
      if (!box_.periodic[std::size_t(a)] && (i == 0 || i + 1 == box_.cells(a))) return true;
    }
    return false;
  }

  /// The largest distance along an axis, in cells, of two points given by cells and widths from their centres.
  [[nodiscard]] double distance(std::int64_t cell, const Eigen::VectorXd& from, std::int64_t other,
                                const Eigen::VectorXd& to) const {
    const Index a = index(cell), b = index(other);
    double max = 0;
    for (int i = 0; i < box_.dimension; ++i) {
      const auto n = double(box_.cells(i));
      double d = std::abs(double(b[std::size_t(i)] - a[std::size_t(i)]) + to[i] - from[i]);
      if (box_.periodic[std::size_t(i)]) d = std::min(d, n - d);
      max = std::max(max, d);
    }
    return max;
  }

 private:
  struct Weights {
    std::array<double, 3> first{}, second{};
  };
  struct Derivatives {
    Eigen::VectorXd gradient;
    Eigen::MatrixXd hessian;
  };
  /// Nothing at a wall.
  [[nodiscard]] std::optional<Derivatives> derivatives(std::int64_t cell) const {
    const int d = box_.dimension;
    Derivatives D{Eigen::VectorXd::Zero(d), Eigen::MatrixXd::Zero(d, d)};
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
        D.gradient[a] += w[std::size_t(a)].first[p] * value;
        D.hessian(a, a) += w[std::size_t(a)].second[p] * value;
      }
      for (int b = 0; b < a; ++b) D.hessian(a, b) = D.hessian(b, a) = mixed(at, a, b, w);
    }
    return D;
  }

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
  std::int32_t well, deeper, saddle;
  std::vector<std::int32_t> passes;  // between the two lakes, the saddle among them, lowest first
};

/// All wells deeper than kT but the deepest, with the passes to where each of them ends.
class Flood {
 public:
  Flood(const Landscape& land, double kT)
      : land_(land),
        kT_(kT),
        lake_(std::size_t(land.cells()), none),
        basin_(lake_),
        ridge_(lake_.size(), Pair{none, none}) {}

  std::vector<Merge> run() {
    std::vector<std::int32_t> order(lake_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int32_t cell) { return land_.V(cell); });
    for (const std::int32_t cell : order) add(cell);
    return std::move(merges_);
  }

 private:
  static constexpr std::int32_t none = -1;
  using Pair = std::array<std::int32_t, 2>;  // of basins, the smaller number first
  struct Branch {
    std::int32_t up = none;
    std::size_t merge = 0;
  };

  /// The one that stands for a lake, its bottom, or for a basin.
  static std::int32_t root(std::vector<std::int32_t>& up, std::int32_t cell) {
    while (up[std::size_t(cell)] != cell) {
      auto& next = up[std::size_t(cell)];
      next = up[std::size_t(next)];
      cell = next;
    }
    return cell;
  }

  void add(std::int32_t cell) {
    flooded_.clear();
    land_.neighbours(cell, [&](std::int64_t other) {
      if (lake_[std::size_t(other)] != none) flooded_.push_back(std::int32_t(other));
    });
    std::int32_t mine = none, lowest = cell;
    for (const std::int32_t other : flooded_) {
      if (lowest == cell || land_.V(other) < land_.V(lowest)) lowest = other;
      const std::int32_t theirs = root(lake_, other);
      mine = mine == none || mine == theirs ? theirs : join(mine, flooded_[0], theirs, other, cell);
    }
    lake_[std::size_t(cell)] = mine == none ? cell : mine;
    basin_[std::size_t(cell)] = lowest == cell ? cell : root(basin_, lowest);
    find_pass(cell);
  }

  /// Two lakes, each with its neighbour of the cell where they meet; returns the bottom of both.
  std::int32_t join(std::int32_t a, std::int32_t beside_a, std::int32_t b, std::int32_t beside_b,
                    std::int32_t cell) {
    if (land_.V(b) < land_.V(a)) std::swap(a, b), std::swap(beside_a, beside_b);
    lake_[std::size_t(b)] = a;
    if (land_.V(cell) - land_.V(b) > kT_) {
      const std::int32_t down = trunk(root(basin_, b)), to = trunk(root(basin_, a));
      branches_[down] = {to, merges_.size()};
      merges_.push_back({b, a, cell, {}});
    } else {  // one basin up to here
      basin_[std::size_t(root(basin_, b))] = root(basin_, beside_a);
    }
    return a;
  }

  /// Cells where two basins meet that no pass was found at follow each other upwards from one.
  void find_pass(std::int32_t cell) {
    std::vector<std::int32_t>& met = met_;
    met.clear();
    for (const std::int32_t other : flooded_) {
      const std::int32_t basin = root(basin_, other);
      if (std::ranges::find(met, basin) == met.end()) met.push_back(basin);
    }
    for (std::size_t i = 1; i < met.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Pair pair{std::min(met[i], met[j]), std::max(met[i], met[j])};
        ridge_[std::size_t(cell)] = pair;
        const bool known = std::ranges::any_of(flooded_, [&](std::int32_t other) {
          const Pair& theirs = ridge_[std::size_t(other)];
          if (theirs[0] == none) return false;
          const std::int32_t a = root(basin_, theirs[0]), b = root(basin_, theirs[1]);
          return Pair{std::min(a, b), std::max(a, b)} == pair;
        });
        if (!known) merges_[merge_of(pair)].passes.push_back(cell);
      }
    }
  }

  /// Where the lakes of two basins met: the last merge on the way between them.
  [[nodiscard]] std::size_t merge_of(Pair basins) const {
    std::size_t last = 0;
    while (basins[0] != basins[1]) {
      const auto first = branches_.find(basins[0]), second = branches_.find(basins[1]);
      const bool climb_first =
          second == branches_.end() ||
          (first != branches_.end() && first->second.merge < second->second.merge);
      const Branch& branch = climb_first ? first->second : second->second;
      basins[climb_first ? 0 : 1] = branch.up;
      last = branch.merge;
    }
    return last;
  }

  [[nodiscard]] std::int32_t trunk(std::int32_t basin) const {
    for (auto at = branches_.find(basin); at != branches_.end(); at = branches_.find(basin)) {
      basin = at->second.up;
    }
    return basin;
  }

  const Landscape& land_;
  double kT_;
  std::vector<std::int32_t> lake_, basin_;  // towards what stands for it
  std::vector<Pair> ridge_;                 // basins that meet at a cell, the last two of them
  std::unordered_map<std::int32_t, Branch> branches_;  // of basins, by which lake joined which
  std::vector<Merge> merges_;
  std::vector<std::int32_t> flooded_, met_;  // scratch
};

/// |l| / (2 pi sqrt |det H|), and where. Nothing where H is not that of a saddle.
std::optional<double> conductance(const Landscape::Stationary& saddle) {
  const Eigen::VectorXd l =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(saddle.hessian).eigenvalues();
  if (!(l[0] < 0) || (l.size() > 1 && !(l[1] > 0))) return std::nullopt;
  return -l[0] / (2 * std::numbers::pi * std::sqrt(std::abs(l.prod())));
}

constexpr double same_saddle = 3;    // cells
constexpr double negligible = 0.01;  // of the lowest pass: what a pass without a formula may carry
constexpr double far_above = 1e-6;   // of the lowest pass: those of less are not looked at

std::optional<EyringKramersRate> eyring_kramers(const Landscape& land, const Merge& m, double kT) {
  const auto well = land.stationary(m.well), deeper = land.stationary(m.deeper),
             lowest = land.stationary(m.saddle);
  if (!well || !deeper || !lowest || !conductance(*lowest)) return std::nullopt;
  std::vector<std::pair<std::int32_t, Landscape::Stationary>> passes;
  double sum = 0;
  for (const std::int32_t cell : m.passes) {
    const double weight = std::exp((lowest->V - land.V(cell)) / kT);
    if (land.at_wall(cell) && weight > negligible) return std::nullopt;
    if (land.at_wall(cell) || weight < far_above) continue;
    const auto saddle = land.stationary(cell);
    const auto conducts = saddle ? conductance(*saddle) : std::nullopt;
    if (!conducts || std::ranges::any_of(passes, [&](const auto& other) {
          return land.distance(cell, saddle->at, other.first, other.second.at) < same_saddle;
        })) {
      continue;
    }
    passes.emplace_back(cell, *saddle);
    const auto out_of = [&](const Landscape::Stationary& from) {
      return std::sqrt(from.hessian.determinant()) * std::exp((from.V - saddle->V) / kT);
    };
    sum += *conducts * (out_of(*well) + out_of(*deeper));
  }
  if (!std::isfinite(sum) || passes.empty()) return std::nullopt;
  return EyringKramersRate{land.center(m.well),
                           land.center(m.deeper),
                           land.center(m.saddle),
                           lowest->V - well->V,
                           sum,
                           std::int64_t(passes.size())};
}

EyringKramers on_root(const Box& box, std::vector<double> V, double kT) {
  const Landscape land(box, std::move(V));
  EyringKramers found;
  for (const Merge& merge : Flood(land, kT).run()) {
    if (const auto crossing = eyring_kramers(land, merge, kT)) {
      found.crossings.push_back(*crossing);
    } else {
      ++found.left_out;
    }
  }
  std::ranges::sort(found.crossings, {}, &EyringKramersRate::rate);
  return found;
}

}  // namespace

EyringKramers eyring_kramers(const Mesh& mesh, std::span<const double> V, double kT) {
  if (!mesh.box || mesh.global_cells > max_cells || !(kT > 0)) return {};
  std::vector<double> all = gather(mesh, V);
  EyringKramers found;
  mesh.comm.together([&] {
    if (mesh.comm.is_root()) found = on_root(mesh.box->box, std::move(all), kT);
  });
  found.left_out = mesh.comm.max(found.left_out);
  found.crossings.resize(std::size_t(mesh.comm.max(std::int64_t(found.crossings.size()))));
  static_assert(std::is_trivially_copyable_v<EyringKramersRate>);
  MPI_Bcast(found.crossings.data(), int(found.crossings.size() * sizeof(EyringKramersRate)),
            MPI_BYTE, 0, mesh.comm.handle());
  return found;
}

}  // namespace otto
