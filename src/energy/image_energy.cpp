// V on a lattice (a .vti image), interpolated linearly along each axis:
//
//   V(x) = sum over the 2^d corners of the lattice cell that holds x of
//          prod_a (1 - s_a or s_a) V(corner),      s_a = (x_a - origin_a) / spacing_a - i_a.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "external_terms.h"
#include "otto/core/error.h"
#include "otto/io/vtk_module.h"
#include "words.h"

namespace otto {

namespace {

class ImageEnergy final : public ExternalEnergy {
 public:
  ImageEnergy(std::filesystem::path file, ImageTable table, int dimension)
      : file_(std::move(file)), table_(std::move(table)), dimension_(dimension) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(dimension); ++a) {
      if (table_.points[a] < 2) {
        throw InputError(
            fmt::format("{}: has {} point along {}; the mesh has {} axes and each "
                        "needs at least two",
                        file_.string(), table_.points[a], "xyz"[a], dimension));
      }
    }
  }

  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) values[i] = at(points[i]);
  }

 private:
  double at(const Point& x) const {
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

  double interpolate(const std::array<std::size_t, 3>& low,
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

  std::filesystem::path file_;
  ImageTable table_;
  int dimension_;
};

}  // namespace

std::unique_ptr<ExternalEnergy> make_image_energy(const std::filesystem::path& file,
                                                  const std::string& array, int dimension) {
  return std::make_unique<ImageEnergy>(file, read_image_table(file, array), dimension);
}

}  // namespace otto
