#include "otto/tables/lattice_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/words.h"

namespace otto {

LatticeTable::LatticeTable(std::filesystem::path file, const std::string& array, int dimension)
    : file_(std::move(file)), table_(read_image_table(file_, array)), dimension_(dimension) {
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension); ++a) {
    if (table_.points[a] < 2) {
      throw InputError(
          fmt::format("{}: has {} point along {}; the mesh has {} axes and each "
                      "needs at least two",
                      file_.string(), table_.points[a], "xyz"[a], dimension));
    }
  }
}

double LatticeTable::at(const Point& x) const {
  std::array<std::size_t, 3> low{};
  std::array<double, 3> part{};
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension_); ++a) {
    const double last = table_.points[a] - 1;
    const double place = (x[a] - table_.origin[a]) / table_.spacing[a];
    constexpr double rounding = 1e-9;
    if (!(place >= -rounding && place <= last + rounding)) {
      throw InputError(
          fmt::format("{}: the cell centre {} is outside the table, which covers {} "
                      "from {} to {}",
                      file_.string(), to_text(x, dimension_), "xyz"[a], table_.origin[a],
                      table_.origin[a] + last * table_.spacing[a]));
    }
    const double cell = std::clamp(std::floor(place), 0.0, last - 1);
    low[a] = static_cast<std::size_t>(cell);
    part[a] = std::clamp(place - cell, 0.0, 1.0);
  }
  return interpolate(low, part);
}

double LatticeTable::interpolate(const std::array<std::size_t, 3>& low,
                                 const std::array<double, 3>& part) const {
  const auto nx = static_cast<std::size_t>(table_.points[0]);
  const auto ny = static_cast<std::size_t>(table_.points[1]);
  double sum = 0;
  for (unsigned corner = 0; corner < (1U << dimension_); ++corner) {
    double weight = 1;
    std::array<std::size_t, 3> at = low;
    for (unsigned a = 0; a < static_cast<unsigned>(dimension_); ++a) {
      const bool high = corner >> a & 1U;
      weight *= high ? part[a] : 1 - part[a];
      at[a] += high ? 1 : 0;
    }
    // A corner without weight does not count, even where it is not finite.
    if (weight > 0) sum += weight * table_.values[at[0] + nx * (at[1] + ny * at[2])];
  }
  return sum;
}

}  // namespace otto
