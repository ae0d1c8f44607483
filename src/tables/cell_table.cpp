// Finding rows by their centres: rows sorted by the bucket of a uniform lattice that holds about
// one cell each; a centre looks into the buckets within the tolerance.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/tables/columns.h"

namespace otto {

namespace {

constexpr std::int64_t rows_at_once = 1 << 16;

double smallest_spacing(const Mesh& mesh) {
  double min = std::numeric_limits<double>::infinity();
  for (const double d : mesh.faces.distance) min = std::min(min, d);
  for (const double v : mesh.volume) min = std::min(min, std::pow(v, 1.0 / mesh.dimension));
  return min;
}

}  // namespace

CellTable::CellTable(const std::filesystem::path& file, const std::vector<std::string>& datasets,
                     const Mesh& mesh)
    : file_(file), dimension_(mesh.dimension), tolerance_(1e-4 * smallest_spacing(mesh)) {
  const ColumnFile columns(file);
  const auto found = std::ranges::find_if(datasets, [&](auto& name) { return columns.has(name); });
  if (found == datasets.end()) {
    columns.fail(fmt::format("has no dataset {}", fmt::join(datasets, " or ")));
  }
  const auto centers = columns.shape("/cells/center"), values = columns.shape(*found);
  if (centers.columns != dimension_) {
    columns.fail(fmt::format("/cells/center has {} columns; the mesh has {} axes", centers.columns,
                             dimension_));
  }
  if (values.columns != 1 || values.rows != centers.rows) {
    columns.fail(fmt::format("{} has {} x {} numbers for {} cells; one each is needed", *found,
                             values.rows, values.columns, centers.rows));
  }
  if (centers.rows != mesh.global_cells) {
    columns.fail(
        fmt::format("has {} cells, the mesh {}; a table is matched cell by cell, so it "
                    "must be of the same mesh",
                    centers.rows, mesh.global_cells));
  }
  set_buckets({mesh.center.data(), static_cast<std::size_t>(mesh.owned)});
  read_rows(columns, *found);
}

void CellTable::set_buckets(std::span<const Point> centers) {
  if (centers.empty()) return;
  lower_ = upper_ = centers.front();
  for (const Point& x : centers) {
    for (std::size_t a = 0; a < 3; ++a) {
      lower_[a] = std::min(lower_[a], x[a]);
      upper_[a] = std::max(upper_[a], x[a]);
    }
  }
  double measure = 1;
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension_); ++a) {
    lower_[a] -= 2 * tolerance_;
    upper_[a] += 2 * tolerance_;
    measure *= upper_[a] - lower_[a];
  }
  const double per_cell = measure / static_cast<double>(centers.size());
  edge_ = std::max(std::pow(per_cell, 1.0 / dimension_), 4 * tolerance_);
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension_); ++a) {
    count_[a] = static_cast<std::int64_t>((upper_[a] - lower_[a]) / edge_) + 1;
  }
}

std::int64_t CellTable::bucket_of(const Point& x) const {
  std::array<std::int64_t, 3> at{};
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension_); ++a) {
    at[a] = std::clamp(static_cast<std::int64_t>((x[a] - lower_[a]) / edge_), std::int64_t{0},
                       count_[a] - 1);
  }
  return at[0] + count_[0] * (at[1] + count_[1] * at[2]);
}

void CellTable::read_rows(const ColumnFile& file, const std::string& dataset) {
  const std::int64_t total = file.shape("/cells/center").rows;
  const auto d = static_cast<std::size_t>(dimension_);
  for (std::int64_t first = 0; first < total; first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, total - first);
    const std::vector<double> centers = file.read("/cells/center", first, count);
    const std::vector<double> values = file.read(dataset, first, count);
    for (std::size_t i = 0; i < values.size(); ++i) {
      Point x{};
      bool here = true;
      for (std::size_t a = 0; a < d; ++a) {
        x[a] = centers[i * d + a];
        here = here && x[a] >= lower_[a] && x[a] <= upper_[a];
      }
      if (here) rows_.push_back({bucket_of(x), x, values[i]});
    }
  }
  std::ranges::sort(rows_, {}, &Row::bucket);
}

double CellTable::at(const Point& center) const {
  std::array<std::int64_t, 8> buckets{};
  for (unsigned corner = 0; corner < 8; ++corner) {
    Point x = center;
    for (unsigned a = 0; a < 3; ++a) x[a] += (corner >> a & 1U) ? tolerance_ : -tolerance_;
    buckets[corner] = bucket_of(x);
  }
  std::ranges::sort(buckets);
  const Row* found = nullptr;
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    if (b > 0 && buckets[b] == buckets[b - 1]) continue;
    auto at = std::ranges::lower_bound(rows_, buckets[b], {}, &Row::bucket);
    for (; at != rows_.end() && at->bucket == buckets[b]; ++at) {
      const Row& row = *at;
      bool same = true;
      for (std::size_t a = 0; a < 3; ++a) {
        same = same && std::abs(row.center[a] - center[a]) <= tolerance_;
      }
      if (!same) continue;
      if (found) {
        throw InputError(fmt::format("{}: has two rows for the cell centre {}", file_.string(),
                                     to_text(center, dimension_)));
      }
      found = &row;
    }
  }
  if (!found) {
    throw InputError(fmt::format("{}: has no row for the cell centre {}", file_.string(),
                                 to_text(center, dimension_)));
  }
  return found->value;
}

}  // namespace otto
