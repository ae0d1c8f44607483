// Samples of a density counted in the cells of a box: rho_K = n_K / (n vol_K).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "columns.h"
#include "initial_kinds.h"
#include "otto/casefile/key.h"

namespace otto {

namespace {

constexpr std::int64_t rows_at_once = 1 << 16;

const Declare keys{{},
                   {{.path = "initial.outside",
                     .type = Type::text,
                     .doc = "What to do with samples outside the box.",
                     .fallback = "\"error\"",
                     .when = "kind=samples"}},
                   {{"initial.kind", "samples", "Samples counted in the cells of a box.",
                     "rho_K = n_K / (n vol_K)"},
                    {"initial.outside", "error", "Samples outside the box are an error."},
                    {"initial.outside", "drop", "Samples outside the box are left out."}}};

/// Global cell along one axis that holds x (the upper end belongs to the last); -1 outside.
std::int64_t cell_along(const BoxBlock& block, std::size_t axis, double x) {
  const auto& nodes = block.box.nodes[axis];
  if (block.box.periodic[axis]) {
    const double L = nodes.back() - nodes.front();
    x -= L * std::floor((x - nodes.front()) / L);
  }
  if (!(x >= nodes.front() && x <= nodes.back())) return -1;
  const auto above = std::ranges::upper_bound(nodes, x) - nodes.begin();
  return std::min<std::int64_t>(above - 1, block.cells(static_cast<int>(axis)) - 1);
}

/// Counts one sample; false where it is outside the box (of all ranks).
bool deposit(const BoxBlock& block, std::span<const double> sample, std::vector<double>& counts) {
  std::array<std::int64_t, 3> at{};
  bool mine = true;
  for (std::size_t a = 0; a < sample.size(); ++a) {
    const std::int64_t cell = cell_along(block, a, sample[a]);
    if (cell < 0) return false;
    at[a] = cell - block.begin[a];
    mine = mine && at[a] >= 0 && at[a] < block.size[a];
  }
  if (mine) {
    const std::int64_t local = at[0] + block.size[0] * (at[1] + block.size[1] * at[2]);
    counts[static_cast<std::size_t>(local)] += 1;
  }
  return true;
}

}  // namespace

std::vector<double> sampled_density(const Section& initial, const Mesh& mesh) {
  if (!mesh.box) initial.fail("kind", "samples are counted on a box only; mesh.kind is another");
  const ColumnFile file(initial.file("file"));
  const auto shape = file.shape("/samples");
  if (shape.columns != mesh.dimension) {
    file.fail(fmt::format("/samples has {} columns; the mesh has {} axes", shape.columns,
                          mesh.dimension));
  }
  const auto d = static_cast<std::size_t>(mesh.dimension);
  std::vector<double> rho(static_cast<std::size_t>(mesh.owned), 0.0);
  std::int64_t outside = 0;
  for (std::int64_t first = 0; first < shape.rows; first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, shape.rows - first);
    const std::vector<double> rows = file.read("/samples", first, count);
    for (std::size_t i = 0; i < rows.size(); i += d) {
      if (!deposit(*mesh.box, std::span(rows).subspan(i, d), rho)) ++outside;
    }
  }
  if (outside == shape.rows) file.fail("none of the samples is inside the box");
  if (outside > 0 && initial.text("outside") == "error") {
    file.fail(
        fmt::format("{} of {} samples are outside the box; enlarge it, or leave them out with "
                    "initial.outside = \"drop\"",
                    outside, shape.rows));
  }
  for (std::size_t c = 0; c < rho.size(); ++c) rho[c] /= mesh.volume[c];
  return rho;
}

}  // namespace otto
