#include "otto/analysis/wasserstein.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "otto/geodesic/geodesic.h"

namespace otto {

namespace {

constexpr double widest_gap = 0.05;  // of the square: 2.5 % of the distance
constexpr double equal = 1e-9;       // widths of cells
constexpr double same_mass = 1e-6;   // relative, as otto distance asks for; scaling takes it off

/// The part of a density's mass from one end: cells in the order they are met.
struct Staircase {
  std::vector<double> mass, edge;  ///< edge: one more
};

/// int (x - y)^2 dt over the quantiles t from 0 to `until`, x and y those of a and b, both linear
/// in t within a cell.
double from_one_end(const Staircase& a, const Staircase& b, double until) {
  struct Walker {
    const Staircase& stair;
    std::size_t cell = 0;
    double left = 0;  // mass of the cell not yet walked
    explicit Walker(const Staircase& s) : stair(s), left(s.mass[0]) { skip(); }
    void skip() {
      while (!(left > 0) && cell + 1 < stair.mass.size()) left = stair.mass[++cell];
    }
    [[nodiscard]] double place() const {
      const double share = left > 0 ? left / stair.mass[cell] : 0;
      return stair.edge[cell + 1] - share * (stair.edge[cell + 1] - stair.edge[cell]);
    }
    void walk(double dt) { left -= dt; }
  };
  Walker x(a), y(b);
  double sum = 0, t = 0;
  while (t < until && x.left > 0 && y.left > 0) {
    const double dt = std::min({x.left, y.left, until - t}), before = x.place() - y.place();
    x.walk(dt);
    y.walk(dt);
    const double after = x.place() - y.place();
    sum += dt / 3 * (before * before + before * after + after * after);
    t += dt;
    x.skip();
    y.skip();
  }
  return sum;
}

/// All values on the root, by global number.
std::vector<double> gather(const Mesh& mesh, std::span<const double> owned) {
  const Comm& comm = mesh.comm;
  const int count = mesh.owned;
  std::vector<int> counts(std::size_t(comm.size())), starts(counts.size());
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm.handle());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  const auto all = comm.is_root() ? std::size_t(mesh.global_cells) : 0;
  std::vector<double> values(all), sorted(all);
  std::vector<std::int64_t> number(all);
  MPI_Gatherv(owned.data(), count, MPI_DOUBLE, values.data(), counts.data(), starts.data(),
              MPI_DOUBLE, 0, comm.handle());
  MPI_Gatherv(mesh.global.data(), count, MPI_INT64_T, number.data(), counts.data(), starts.data(),
              MPI_INT64_T, 0, comm.handle());
  for (std::size_t i = 0; i < all; ++i) sorted[std::size_t(number[i])] = values[i];
  return sorted;
}

double on_a_line(const Mesh& mesh, std::span<const double> density,
                 std::span<const double> reference) {
  std::vector<Staircase> stairs;
  for (const auto& rho : {density, reference}) {
    std::vector<double> mass(rho.size());
    for (std::size_t k = 0; k < mass.size(); ++k) mass[k] = mesh.volume[k] * rho[k];
    stairs.push_back({gather(mesh, mass), mesh.box->box.nodes[0]});
  }
  double squared = 0;
  if (mesh.comm.is_root()) {
    const auto total = [](const Staircase& s) {
      return std::accumulate(s.mass.begin(), s.mass.end(), 0.0);
    };
    const double M = total(stairs[0]), scale = M / total(stairs[1]);
    for (double& m : stairs[1].mass) m *= scale;
    squared = from_one_end(stairs[0], stairs[1], 0.5 * M);
    for (Staircase& s : stairs) {
      std::ranges::reverse(s.mass);
      std::ranges::reverse(s.edge);
    }
    squared += from_one_end(stairs[0], stairs[1], 0.5 * M);
  }
  MPI_Bcast(&squared, 1, MPI_DOUBLE, 0, mesh.comm.handle());
  return std::sqrt(squared);
}

}  // namespace

std::string wasserstein_obstacle(const Mesh& mesh) {
  if (!mesh.box) return "it needs a box";
  const Box& box = mesh.box->box;
  for (int a = 0; a < box.dimension; ++a) {
    const auto& nodes = box.nodes[std::size_t(a)];
    const double h = nodes[1] - nodes[0];
    if (box.periodic[std::size_t(a)]) return "it needs walls, and an axis of this box is periodic";
    for (std::size_t i = 1; box.dimension > 1 && i < nodes.size(); ++i) {
      if (std::abs(nodes[i] - nodes[i - 1] - h) > equal * h) {
        return "in more than one dimension it needs cells of one size";
      }
    }
    if (box.dimension > 1 && box.cells(a) < 2) return "it needs two cells along every axis";
  }
  return "";
}
WassersteinDistance wasserstein(const Mesh& mesh, std::span<const double> density,
                                std::span<const double> reference) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  WassersteinDistance W{none, 0, std::numeric_limits<double>::infinity(),
                        wasserstein_obstacle(mesh)};
  bool negative = false;
  for (std::size_t k = 0; k < density.size(); ++k) {
    negative = negative || !(density[k] >= 0) || !(reference[k] >= 0);
  }
  if (mesh.comm.any(negative)) W.obstacle = "a density is negative or not finite";
  if (!W.obstacle.empty()) return W;
  const double mass = integral(mesh, density), other = integral(mesh, reference);
  if (!(std::abs(other - mass) <= same_mass * mass)) {
    W.obstacle = fmt::format("the densities have different masses, {:.9g} and {:.9g}", mass, other);
    return W;
  }
  if (mesh.dimension == 1) {
    W.value = W.lower = W.upper = on_a_line(mesh, density, reference);
    return W;
  }
  std::vector<double> scaled(reference.begin(), reference.end());
  for (double& r : scaled) r *= mass / other;
  Geodesic path(mesh, density, scaled,
                {.intervals = 8, .tolerance = widest_gap, .max_iterations = 1000});
  const GeodesicReport report = path.solve();
  W.lower = std::sqrt(std::max(report.lower, 0.0));
  W.upper = std::sqrt(report.upper);
  if (report.gap() <= widest_gap * report.upper) {
    W.value = std::sqrt(report.squared);
  } else {
    W.obstacle = fmt::format("all that is known is {:.3g} <= W2 <= {:.3g}", W.lower, W.upper);
  }
  return W;
}

}  // namespace otto
