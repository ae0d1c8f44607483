#include "otto/mesh/box.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/mesh/rows.h"

namespace otto {

namespace {

constexpr std::int64_t max_local_cells = std::int64_t{1} << 30;  // local indices are 32 bits

/// Process grid whose blocks have the least surface.
std::array<int, 3> process_grid(const Box& box, int size) {
  std::array<int, 3> best{0, 0, 0};
  double min = INFINITY;
  for (int x = 1; x <= size; ++x) {
    if (size % x) continue;
    for (int y = 1; y <= size / x; ++y) {
      if ((size / x) % y) continue;
      const std::array<int, 3> p{x, y, size / x / y};
      double surface = 0;
      bool fits = true;
      for (std::size_t a = 0; a < 3; ++a) {
        fits = fits && p[a] <= box.cells(int(a));
        const std::size_t b = (a + 1) % 3, c = (a + 2) % 3;
        const double side = double(box.cells(int(b))) / p[b] * double(box.cells(int(c))) / p[c];
        // Rows along x are contiguous in memory: cutting them costs a little more.
        if (p[a] > 1) surface += side * (a == 0 ? 1.2 : 1.0);
      }
      if (fits && surface < min) {
        min = surface;
        best = p;
      }
    }
  }
  if (best[0] == 0) {
    throw InputError("mesh.cells: " + std::to_string(size) +
                     " ranks cannot share so few cells; start fewer ranks or take more cells");
  }
  return best;
}

/// The process grid a user asks for with -box_ranks x,y,z, else that of least surface.
std::array<int, 3> wanted_grid(const Box& box, int size) {
  const std::vector<int> given = petsc_integers("-box_ranks");
  if (given.empty()) return process_grid(box, size);
  std::array<int, 3> p{1, 1, 1};
  bool fits = given.size() <= 3;
  for (std::size_t a = 0; a < std::min<std::size_t>(given.size(), 3); ++a) {
    p[a] = given[a];
    fits = fits && p[a] >= 1 && p[a] <= box.cells(int(a));
  }
  if (!fits || std::int64_t{p[0]} * p[1] * p[2] != size) {
    throw InputError(fmt::format(
        "-box_ranks: {} does not share the cells out among {} ranks; give one number per axis, "
        "none larger than its mesh.cells, whose product is {}",
        fmt::join(given, ","), size, size));
  }
  return p;
}

}  // namespace

std::vector<double> graded_nodes(double lower, double upper, std::int64_t cells, double ratio) {
  std::vector<double> nodes(static_cast<std::size_t>(cells) + 1);
  // Widths w_i = w_0 q^i with q^(n-1) = ratio, so that x_i = lower + L (q^i - 1) / (q^n - 1).
  const double log_q = cells > 1 ? std::log(ratio) / double(cells - 1) : 0.0;
  const double whole = std::expm1(double(cells) * log_q);
  for (std::int64_t i = 0; i <= cells; ++i) {
    const double part = std::abs(log_q) * double(cells) < 1e-12
                            ? double(i) / double(cells)
                            : std::expm1(double(i) * log_q) / whole;
    nodes[static_cast<std::size_t>(i)] = lower + (upper - lower) * part;
  }
  nodes.back() = upper;
  return nodes;
}

double BoxBlock::width(int axis, std::int64_t i) const {
  const auto a = static_cast<std::size_t>(axis);
  const auto& x = box.nodes[a];
  if (uniform[a]) return (x.back() - x.front()) / double(cells(axis));
  return x[static_cast<std::size_t>(i) + 1] - x[static_cast<std::size_t>(i)];
}

std::vector<std::int64_t> BoxBlock::cuts(int axis) const {
  const std::int64_t n = cells(axis), parts = ranks[static_cast<std::size_t>(axis)];
  std::int64_t unit = 1;
  while (unit * 2 * 8 * parts <= n) unit *= 2;  // at least 8 units each: imbalance below 1/8
  // pairs of cells, and rows that are added up together, stay on one rank
  const std::int64_t together = std::max<std::int64_t>(2, axis == 1 ? rows_per_group(box) : 1);
  while (unit < together && 2 * unit * parts <= n) unit *= 2;
  const std::int64_t units = (n + unit - 1) / unit;
  std::vector<std::int64_t> first;
  for (std::int64_t p = 0; p <= parts; ++p) first.push_back(std::min(n, units * p / parts * unit));
  return first;
}

std::shared_ptr<const BoxBlock> cut_box(const Comm& comm, const Box& box) {
  auto block = std::make_shared<BoxBlock>();
  block->box = box;
  block->ranks = wanted_grid(box, comm.size());
  const auto& p = block->ranks;
  block->place = {comm.rank() % p[0], comm.rank() / p[0] % p[1], comm.rank() / p[0] / p[1]};
  std::int64_t cells = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto& x = box.nodes[a];
    const double mean = (x.back() - x.front()) / double(box.cells(int(a)));
    block->uniform[a] = std::ranges::adjacent_find(x, [&](double l, double r) {
                          return std::abs(r - l - mean) > 1e-9 * mean;
                        }) == x.end();
    const auto first = block->cuts(int(a));
    const auto here = static_cast<std::size_t>(block->place[a]);
    block->begin[a] = first[here];
    block->size[a] = static_cast<std::int32_t>(first[here + 1] - first[here]);
    cells *= block->size[a];
    const int stride = a == 0 ? 1 : a == 1 ? p[0] : p[0] * p[1];
    for (int side = 0; side < 2; ++side) {
      const int to = block->place[a] + (side == 0 ? -1 : 1);
      const bool inside = to >= 0 && to < p[a];
      const int wrapped = (to + p[a]) % p[a];
      block->neighbour[a][static_cast<std::size_t>(side)] =
          inside || box.periodic[a] ? comm.rank() + (wrapped - block->place[a]) * stride : -1;
    }
  }
  if (comm.any(cells > max_local_cells)) {
    throw InputError("mesh.cells: more than 2^30 cells on one rank; start more ranks");
  }
  return block;
}

}  // namespace otto
