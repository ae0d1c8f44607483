// The lattice of a box from its cell centres: sorted, the coordinates of one axis are n values of
// equal distance h; the box ends h/2 beyond the outermost. Rows are then matched by CellTable.

#include "otto/geodesic/density_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/tables/columns.h"

namespace otto {

namespace {

constexpr std::int64_t rows_at_once = 1 << 16;
constexpr double same_mass = 1e-6;    ///< relative
constexpr double same_place = 1e-4;   ///< in units of h
constexpr double same_volume = 1e-6;  ///< relative
constexpr double rounding = 1e-9;     ///< of coordinates, relative to their range

struct Lattice {
  int dimension = 1;
  std::array<std::int64_t, 3> cells{1, 1, 1};
  std::array<double, 3> lower{0, 0, 0}, upper{1, 1, 1};

  [[nodiscard]] double width(std::size_t a) const {
    return (upper[a] - lower[a]) / static_cast<double>(cells[a]);
  }
};

/// Sorted, each value once; values closer than rounding are one.
void keep_distinct(std::vector<double>& x) {
  std::ranges::sort(x);
  const double min = rounding * std::max(x.back() - x.front(), 1e-300);
  std::size_t kept = 0;
  for (const double value : x) {
    if (kept == 0 || value - x[kept - 1] > min) x[kept++] = value;
  }
  x.resize(kept);
}

/// The distinct coordinates along every axis.
std::vector<std::vector<double>> coordinates(const ColumnFile& file, std::int64_t rows,
                                             std::size_t d) {
  std::vector<std::vector<double>> axes(d);
  for (std::int64_t first = 0; first < rows; first += rows_at_once) {
    const auto centers = file.read("/cells/center", first, std::min(rows_at_once, rows - first));
    for (std::size_t i = 0; i < centers.size(); ++i) {
      if (!std::isfinite(centers[i])) {
        file.fail(fmt::format("/cells/center: row {} is not finite",
                              first + static_cast<std::int64_t>(i / d) + 1));
      }
      axes[i % d].push_back(centers[i]);
    }
    for (auto& axis : axes) keep_distinct(axis);
  }
  return axes;
}

void set_axis(const ColumnFile& file, const std::vector<double>& x, std::size_t a, Lattice& box) {
  const char name = "xyz"[a];
  const auto n = static_cast<std::int64_t>(x.size());
  if (n < 2) {
    file.fail(
        fmt::format("has one cell along {}; a distance needs at least two along every axis", name));
  }
  const double h = (x.back() - x.front()) / static_cast<double>(n - 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::abs(x[i] - (x.front() + h * static_cast<double>(i))) > same_place * h) {
      file.fail(
          fmt::format("the centres along {} are not at equal distances near {:.6g}; a "
                      "distance needs a box of equal cells",
                      name, x[i]));
    }
  }
  box.cells[a] = n;
  const auto tidy = [&](double end) { return std::abs(end) < rounding * h ? 0.0 : end; };
  box.lower[a] = tidy(x.front() - 0.5 * h);
  box.upper[a] = tidy(x.back() + 0.5 * h);
}

Lattice find_lattice(const std::filesystem::path& name) {
  const ColumnFile file(name);
  for (const char* set : {"/cells/center", "/cells/density"}) {
    if (!file.has(set)) file.fail(fmt::format("has no dataset {}", set));
  }
  const auto shape = file.shape("/cells/center");
  if (shape.rows < 1 || shape.columns < 1 || shape.columns > 3) {
    file.fail(
        fmt::format("/cells/center is {} x {}; one row per cell and 1, 2 or 3 columns are "
                    "needed",
                    shape.rows, shape.columns));
  }
  const auto axes = coordinates(file, shape.rows, static_cast<std::size_t>(shape.columns));
  Lattice box;
  box.dimension = static_cast<int>(shape.columns);
  std::int64_t cells = 1;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    set_axis(file, axes[a], a, box);
    cells *= box.cells[a];
  }
  if (cells != shape.rows) {
    file.fail(
        fmt::format("has {} cells where the lattice of their centres has {}; the cells must "
                    "fill a box",
                    shape.rows, cells));
  }
  return box;
}

/// Root reads; the others learn.
Lattice read_lattice(const Comm& comm, const std::filesystem::path& name) {
  Lattice box;
  comm.together([&] {
    if (comm.is_root()) box = find_lattice(name);
  });
  MPI_Bcast(&box, static_cast<int>(sizeof(box)), MPI_BYTE, 0, comm.handle());
  return box;
}

std::string words(const Lattice& box) {
  std::string text;
  for (std::size_t a = 0; a < static_cast<std::size_t>(box.dimension); ++a) {
    text += fmt::format("{}[{:.6g}, {:.6g}] in {}", a > 0 ? " x " : "", box.lower[a], box.upper[a],
                        box.cells[a]);
  }
  return text;
}

void check_same(const Lattice& a, const Lattice& b, const std::string& first,
                const std::string& second) {
  bool same = a.dimension == b.dimension && a.cells == b.cells;
  for (std::size_t i = 0; same && i < static_cast<std::size_t>(a.dimension); ++i) {
    const double slack = same_place * a.width(i);
    same = std::abs(a.lower[i] - b.lower[i]) <= slack && std::abs(a.upper[i] - b.upper[i]) <= slack;
  }
  if (same) return;
  throw InputError(
      fmt::format("{} and {}: are densities on different boxes, {} and {} cells; both "
                  "must be on the same cells",
                  first, second, words(a), words(b)));
}

Mesh make_lattice_mesh(const Comm& comm, const Lattice& lattice) {
  Box box;
  box.dimension = lattice.dimension;
  for (std::size_t a = 0; a < static_cast<std::size_t>(lattice.dimension); ++a) {
    box.nodes[a] = graded_nodes(lattice.lower[a], lattice.upper[a], lattice.cells[a], 1);
  }
  return make_box_mesh(comm, box);
}

void check_volumes(const std::filesystem::path& name, const Mesh& mesh) {
  if (!ColumnFile(name).has("/cells/volume")) return;
  const CellTable table(name, {"/cells/volume"}, mesh);
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const double volume = table.at(mesh.center[i]);
    if (std::abs(volume - mesh.volume[i]) <= same_volume * mesh.volume[i]) continue;
    throw InputError(fmt::format(
        "{}: /cells/volume is {:.9g} at {}, where the centres say {:.9g}; "
        "a distance needs a box of equal cells",
        name.string(), volume, to_text(mesh.center[i], mesh.dimension), mesh.volume[i]));
  }
}

std::vector<double> read_density(const std::filesystem::path& name, const Mesh& mesh) {
  const CellTable table(name, {"/cells/density"}, mesh);
  std::vector<double> rho;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    rho.push_back(table.at(mesh.center[i]));
    if (std::isfinite(rho.back()) && rho.back() >= 0) continue;
    throw InputError(
        fmt::format("{}: /cells/density is {} at {}; a density is finite and not "
                    "negative",
                    name.string(), rho.back(), to_text(mesh.center[i], mesh.dimension)));
  }
  return rho;
}

}  // namespace

DensityPair read_density_pair(const Comm& comm, const std::filesystem::path& first,
                              const std::filesystem::path& second) {
  const Lattice box = read_lattice(comm, first);
  check_same(box, read_lattice(comm, second), first.string(), second.string());
  DensityPair pair{.mesh = make_lattice_mesh(comm, box), .first = {}, .second = {}};
  comm.together([&] {
    check_volumes(first, pair.mesh);
    check_volumes(second, pair.mesh);
    pair.first = read_density(first, pair.mesh);
    pair.second = read_density(second, pair.mesh);
  });
  pair.mass = integral(pair.mesh, pair.first);
  const double other = integral(pair.mesh, pair.second);
  if (!(pair.mass > 0 && std::isfinite(pair.mass))) {
    throw InputError(first.string() + ": has no mass, or more than a number holds");
  }
  if (!(std::abs(other - pair.mass) <= same_mass * pair.mass)) {
    throw InputError(
        fmt::format("{} and {}: have different masses, {:.9g} and {:.9g}; transport "
                    "keeps mass, so scale one of them",
                    first.string(), second.string(), pair.mass, other));
  }
  for (double& x : pair.second) x *= pair.mass / other;
  return pair;
}

}  // namespace otto
