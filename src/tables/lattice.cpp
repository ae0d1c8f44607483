// From rows in any order to a lattice: the different coordinates along each axis, then every row
// to its place.

#include "otto/tables/lattice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/io/vtk_module.h"
#include "otto/tables/columns.h"

namespace otto {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
/// Coordinates this close, relative to the range, are the same; texts have few digits.
constexpr double same_coordinate = 1e-7;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& message) {
  throw InputError(fmt::format("{}: {}", file.string(), message));
}

/// The different coordinates of a column, increasing.
std::vector<double> axis_of(const NumberTable& table, std::size_t column) {
  std::vector<double> all(table.rows());
  for (std::size_t r = 0; r < all.size(); ++r) {
    all[r] = table.at(r, column);
    if (!std::isfinite(all[r])) {
      throw InputError(
          fmt::format("{}: the coordinate {} is {}", table.place(r), "xyz"[column], all[r]));
    }
  }
  std::ranges::sort(all);
  const double near = same_coordinate * (all.back() - all.front());
  std::vector<double> axis;
  for (const double x : all) {
    if (axis.empty() || x - axis.back() > near) axis.push_back(x);
  }
  return axis;
}

/// PLUMED's grids are even: a gap of n spacings lacks n - 1 points, which are put in where they may
/// be missing. Of nbins bins there are as many points, or one more with both ends of the range.
void complete_axis(std::vector<double>& axis, const NumberTable& table, std::size_t a,
                   const LatticeOptions& options) {
  double spacing = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < axis.size(); ++i) spacing = std::min(spacing, axis[i] - axis[i - 1]);
  std::vector<double> whole(axis.begin(), axis.begin() + 1);
  for (std::size_t i = 1; i < axis.size(); ++i) {
    const double gap = axis[i] - axis[i - 1], n = std::round(gap / spacing);
    if (n >= 2 && (!options.may_miss || n + double(whole.size()) > 10 * double(table.rows()))) {
      fail(table.file,
           fmt::format("has no rows between {} = {:.6g} and {:.6g}, where other points are {:.6g} "
                       "apart; {}",
                       table.names[a], axis[i - 1], axis[i], spacing, options.advice));
    }
    for (double k = 1; k < n; ++k) whole.push_back(axis[i - 1] + k * gap / n);
    whole.push_back(axis[i]);
  }
  axis = std::move(whole);
  const std::size_t bins = table.bins[a], points = axis.size();
  if (bins == 0 || options.may_miss || points == bins || points == bins + 1) return;
  fail(table.file,
       fmt::format("has {} points along {}, and nbins_{} says {}{}", points, table.names[a],
                   table.names[a], bins, points < bins ? "; " + options.advice : ""));
}

/// Of the coordinate of the axis nearest to x.
std::size_t place_on(const std::vector<double>& axis, double x) {
  const auto after = std::ranges::lower_bound(axis, x);
  if (after == axis.end()) return axis.size() - 1;
  const auto i = std::size_t(after - axis.begin());
  return i > 0 && x - axis[i - 1] < axis[i] - x ? i - 1 : i;
}

Point point_of(const Lattice& lattice, std::size_t index) {
  Point x{};
  for (std::size_t a = 0; a < 3; ++a) {
    x[a] = lattice.axis[a][index % lattice.axis[a].size()];
    index /= lattice.axis[a].size();
  }
  return x;
}

void check_values(const Lattice& lattice, int dimension, const std::vector<std::size_t>& row,
                  const NumberTable& table, const std::string& advice) {
  for (std::size_t i = 0; i < lattice.values.size(); ++i) {
    if (std::isfinite(lattice.values[i])) continue;
    const std::string point = to_text(point_of(lattice, i), dimension);
    if (row[i] == 0) {
      fail(lattice.file, fmt::format("has no row for the point {}; {}", point, advice));
    }
    throw InputError(fmt::format("{}: the value at {} is {}; {}", table.place(row[i] - 1), point,
                                 lattice.values[i], advice));
  }
}

/// "" where the options have nothing against the value.
std::string fault_of(double value, const LatticeOptions& options) {
  return options.fault && std::isfinite(value) ? options.fault(value) : "";
}

void check_image(const Lattice& lattice, int dimension, const LatticeOptions& options) {
  for (std::size_t i = 0; i < lattice.values.size(); ++i) {
    const double value = lattice.values[i];
    const bool missing = !options.may_miss && !std::isfinite(value);
    const std::string fault = missing ? options.advice : fault_of(value, options);
    if (fault.empty() && !missing) continue;
    fail(lattice.file, fmt::format("the value at {} is {}; {}",
                                   to_text(point_of(lattice, i), dimension), value, fault));
  }
}

Lattice lattice_of_image(const std::filesystem::path& file, const LatticeOptions& options,
                         int dimension) {
  const std::string& array = options.array;
  ImageTable image = read_image_table(file, array);
  Lattice lattice{.file = file, .name = array, .axis = {}, .values = std::move(image.values)};
  lattice.cells = image.cell_data;
  for (std::size_t a = 0; a < 3; ++a) {
    for (int i = 0; i < image.points[a]; ++i) {
      lattice.axis[a].push_back(image.origin[a] + i * image.spacing[a]);
    }
    if (std::size_t(image.points[a]) > 1 && a >= std::size_t(dimension)) {
      fail(file, fmt::format("has {} points along {}; the mesh has {} axes", image.points[a],
                             "xyz"[a], dimension));
    }
  }
  return lattice;
}

/// The columns of /cells/center and of the values beside it.
NumberTable table_of_cells(const std::filesystem::path& file, const std::string& array,
                           int dimension) {
  const ColumnFile columns(file);
  const std::string dataset = !array.empty()                   ? "/cells/" + array
                              : columns.has("/cells/value")    ? "/cells/value"
                              : columns.has("/cells/external") ? "/cells/external"
                                                               : "/cells/density";
  const auto shape = columns.shape("/cells/center"), values = columns.shape(dataset);
  if (shape.columns != dimension) {
    columns.fail(fmt::format("/cells/center has {} columns; the mesh has {} axes", shape.columns,
                             dimension));
  }
  if (values.columns != 1 || values.rows != shape.rows) {
    columns.fail(fmt::format("{} has {} x {} numbers for {} cells; one each is needed", dataset,
                             values.rows, values.columns, shape.rows));
  }
  const auto centers = columns.read("/cells/center", 0, shape.rows);
  const auto value = columns.read(dataset, 0, shape.rows);
  const auto d = std::size_t(shape.columns);
  NumberTable table;
  table.file = file;
  table.columns = d + 1;
  for (std::size_t r = 0; r < value.size(); ++r) {
    table.numbers.insert(table.numbers.end(), centers.begin() + std::ptrdiff_t(r * d),
                         centers.begin() + std::ptrdiff_t((r + 1) * d));
    table.numbers.push_back(value[r]);
  }
  return table;
}

void check_points(const Lattice& lattice, int dimension) {
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    if (lattice.axis[a].size() > 1) continue;
    fail(lattice.file, fmt::format("has {} point along {}; the mesh has {} axes and each needs at "
                                   "least two",
                                   lattice.axis[a].size(), "xyz"[a], dimension));
  }
}

}  // namespace

Lattice lattice_of(const NumberTable& table, int dimension, const LatticeOptions& options) {
  if (table.variables > 0 && table.variables != dimension) {
    fail(table.file, fmt::format("is a table over {} {}; the mesh has {} axes", table.variables,
                                 table.variables == 1 ? "variable" : "variables", dimension));
  }
  check_order(table, options.array, dimension);
  const std::size_t value = find_column(table, options.array, dimension);
  if (table.rows() == 0) fail(table.file, "holds no row of numbers");
  Lattice lattice{.file = table.file, .name = {}, .axis = {}, .period = table.period, .values = {}};
  if (!table.names.empty()) lattice.name = table.names[value];
  double points = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    lattice.axis[a] = a < std::size_t(dimension) ? axis_of(table, a) : std::vector<double>{0};
    if (int(a) < table.variables) complete_axis(lattice.axis[a], table, a, options);
    points *= double(lattice.axis[a].size());
  }
  check_points(lattice, dimension);
  if (points > 10 * double(table.rows())) {
    fail(table.file, fmt::format("its {} points lie on no lattice of rows and columns, which would "
                                 "have {:.0f}",
                                 table.rows(), points));
  }
  lattice.values.assign(std::size_t(points), nothing);
  std::vector<std::size_t> row(lattice.values.size(), 0);  // from 1; 0: none
  for (std::size_t r = 0; r < table.rows(); ++r) {
    std::array<std::size_t, 3> at{};
    for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
      at[a] = place_on(lattice.axis[a], table.at(r, a));
    }
    const std::size_t i = lattice.index(at[0], at[1], at[2]);
    if (row[i] > 0) {
      throw InputError(fmt::format("{}: a second row for the point {}; the first is {}",
                                   table.place(r), to_text(point_of(lattice, i), dimension),
                                   table.place(row[i] - 1)));
    }
    row[i] = r + 1;
    lattice.values[i] = table.at(r, value);
    if (const std::string fault = fault_of(lattice.values[i], options); !fault.empty()) {
      throw InputError(fmt::format("{}: the value at {} is {}; {}", table.place(r),
                                   to_text(point_of(lattice, i), dimension), lattice.values[i],
                                   fault));
    }
  }
  if (!options.may_miss) check_values(lattice, dimension, row, table, options.advice);
  return lattice;
}

std::array<double, 2> range_of(const Lattice& lattice) {
  constexpr double far = std::numeric_limits<double>::infinity();
  std::array<double, 2> range{far, -far};
  for (const double v : lattice.values) {
    if (std::isfinite(v)) range = {std::min(range[0], v), std::max(range[1], v)};
  }
  return range[0] > range[1] ? std::array<double, 2>{} : range;
}

void make_periodic(Lattice& lattice, std::size_t axis, double period) {
  std::vector<double>& x = lattice.axis[axis];
  const double rounding = 1e-6 * period;
  if (lattice.period[axis] > 0 && std::abs(lattice.period[axis] - period) > rounding) {
    fail(lattice.file, fmt::format("repeats after {} along {}, the mesh after {}",
                                   lattice.period[axis], "xyz"[axis], period));
  }
  lattice.period[axis] = period;
  if (x.back() - x.front() < period - rounding) {
    double widest = 0;
    for (std::size_t i = 1; i < x.size(); ++i) widest = std::max(widest, x[i] - x[i - 1]);
    const double gap = period - (x.back() - x.front());
    if (gap <= 1.5 * widest) return;
    fail(lattice.file, fmt::format("covers {} from {} to {} of the period {}: the seam is a gap of "
                                   "{} among spacings of up to {}",
                                   "xyz"[axis], x.front(), x.back(), period, gap, widest));
  }
  if (x.back() - x.front() > period + rounding) {
    fail(lattice.file, fmt::format("reaches over {} along {}, more than the period {}",
                                   x.back() - x.front(), "xyz"[axis], period));
  }
  const auto n = std::array{lattice.axis[0].size(), lattice.axis[1].size(), lattice.axis[2].size()};
  std::vector<double> kept;
  for (std::size_t i = 0; i < lattice.values.size(); ++i) {
    std::array<std::size_t, 3> at{i % n[0], i / n[0] % n[1], i / n[0] / n[1]};
    if (at[axis] + 1 < n[axis]) {
      kept.push_back(lattice.values[i]);
      continue;
    }
    at[axis] = 0;
    const double first = lattice.values[lattice.index(at[0], at[1], at[2])];
    const double last = lattice.values[i];
    if (std::isfinite(first) && std::isfinite(last) &&
        std::abs(first - last) > 1e-6 * std::max({1.0, std::abs(first), std::abs(last)})) {
      fail(lattice.file, fmt::format("does not repeat: {} = {} and {} have the values {} and {}",
                                     "xyz"[axis], x.front(), x.back(), first, last));
    }
  }
  lattice.values = std::move(kept);
  x.pop_back();
}

void repeat_as_mesh(Lattice& lattice, const std::vector<Point>& periods, int dimension) {
  for (const Point& period : periods) {
    for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
      if (period[a] != 0) make_periodic(lattice, a, std::abs(period[a]));
    }
  }
}

Lattice read_lattice(const std::filesystem::path& file, int dimension,
                     const LatticeOptions& options) {
  const std::string kind = file.extension();
  Lattice lattice;
  if (kind == ".vti") {
    lattice = lattice_of_image(file, options, dimension);
    check_points(lattice, dimension);
    check_image(lattice, dimension, options);
  } else if (is_hdf5(file)) {
    lattice = lattice_of(table_of_cells(file, options.array, dimension), dimension, options);
    lattice.cells = true;
  } else {
    lattice = lattice_of(read_number_table(file), dimension, options);
  }
  for (std::size_t a = 0; a < 3; ++a) {
    if (lattice.period[a] > 0) make_periodic(lattice, a, lattice.period[a]);
  }
  return lattice;
}

}  // namespace otto
