#include "otto/infer/snapshots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/mesh/cell_locator.h"
#include "otto/mesh/restrict.h"
#include "otto/tables/cell_density.h"
#include "otto/tables/columns.h"
#include "otto/tables/number_table.h"
#include "otto/tables/sample_file.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "data.series",
      .doc = "A further series of snapshots of the same energies, from another start.",
      .repeated = true}},
    {{.path = "data.series.snapshots",
      .type = Type::texts,
      .doc = "Files of its snapshots, as in data.snapshots.",
      .required = true,
      .file = true},
     {.path = "data.series.times",
      .type = Type::reals,
      .doc = "Their times, as in data.times.",
      .unit = "time"},
     {.path = "data.snapshots",
      .type = Type::texts,
      .doc = "Files of one population at successive times (`otto fit`), one per time: densities "
             "(/cells/center with /cells/density or /cells/mass as in final.h5, of the cells of "
             "the mesh or of finer ones; or a table on a lattice of its own) or samples (/samples "
             "(n x d), or rows of as many numbers as there are axes, as text, CSV, .npy, .npz).",
      .file = true},
     {.path = "data.times",
      .type = Type::reals,
      .doc = "Times of data.snapshots, strictly increasing; by default each file's attribute "
             "`time`.",
      .unit = "time"},
     {.path = "data.heldout_last",
      .type = Type::integer,
      .doc = "How many of the last snapshots `otto fit` keeps out and forecasts.",
      .fallback = "0",
      .range = non_negative}}};

struct SnapshotOptions {
  double mass_tolerance = 1e-6;      ///< of one density's mass over another's
  std::int64_t max_refinement = 16;  ///< of a density's cells over those of the mesh, per axis
  std::int64_t rows_at_once = 1 << 16;
};
constexpr SnapshotOptions options;

double mass_of(const Mesh& mesh, const std::vector<double>& density) {
  double sum = 0;
  for (std::size_t k = 0; k < density.size(); ++k) sum += mesh.volume[k] * density[k];
  return mesh.comm.sum(sum);
}

/// Cells cut into `parts` along every axis.
Box divided(const Box& box, std::int64_t parts) {
  Box fine = box;
  for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
    const auto& nodes = box.nodes[a];
    fine.nodes[a].clear();
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      for (std::int64_t p = 0; p < parts; ++p) {
        fine.nodes[a].push_back(nodes[i] + double(p) / double(parts) * (nodes[i + 1] - nodes[i]));
      }
    }
    fine.nodes[a].push_back(nodes.back());
  }
  return fine;
}

/// How many times as fine as the mesh a file of so many cells is along every axis; 0: not so.
std::int64_t refinement(std::int64_t rows, const Mesh& mesh) {
  if (!mesh.box) return rows == mesh.global_cells ? 1 : 0;
  for (std::int64_t f = 1; f <= options.max_refinement; ++f) {
    std::int64_t cells = mesh.global_cells;
    for (int a = 0; a < mesh.dimension; ++a) cells *= f;
    if (cells == rows) return f;
  }
  return 0;
}

/// Densities of the owned cells from the columns of an HDF5 file. Not collective.
std::vector<double> cell_values(const std::filesystem::path& file, const Mesh& mesh) {
  const ColumnFile columns(file);
  const bool masses = !columns.has("/cells/density");
  const CellTable table(file, {"/cells/density", "/cells/mass"}, mesh);
  std::vector<double> density(std::size_t(mesh.owned));
  for (std::size_t k = 0; k < density.size(); ++k) {
    density[k] = table.at(mesh.center[k]) / (masses ? mesh.volume[k] : 1.0);
  }
  return density;
}

std::vector<double> density_from_hdf5(const std::filesystem::path& file, const Mesh& mesh) {
  std::int64_t parts = 0;
  mesh.comm.together([&] {
    const ColumnFile columns(file);
    if (!columns.has("/cells/center")) {
      columns.fail("holds neither /samples nor /cells/center; a snapshot has one of them");
    }
    const std::int64_t rows = columns.shape("/cells/center").rows;
    parts = refinement(rows, mesh);
    if (parts == 0) {
      columns.fail(fmt::format(
          "has {} cells and the mesh {}; it takes densities of its own cells{}", rows,
          mesh.global_cells,
          mesh.box ? " or of finer ones, whole parts of its own along every axis" : ""));
    }
  });
  std::vector<double> density;
  if (parts == 1) {
    mesh.comm.together([&] { density = cell_values(file, mesh); });
    return density;
  }
  const Mesh fine = make_box_mesh(mesh.comm, divided(mesh.box->box, parts));
  mesh.comm.together([&] { density = cell_values(file, fine); });
  return restrict_density(fine, density, mesh);
}

void check_values(const std::vector<double>& density, const std::string& file) {
  for (const double rho : density) {
    if (std::isfinite(rho)) continue;
    throw InputError(fmt::format("{}: holds {}; a density is finite", file, rho));
  }
}

/// How many samples are in each owned cell, and the rows of the file. Not collective.
std::int64_t count_in_cells(const SampleFile& file, const Mesh& mesh, std::span<double> counts) {
  const auto d = std::size_t(mesh.dimension);
  const CellLocator locator(mesh);
  for (std::int64_t first = 0; first < file.rows(); first += options.rows_at_once) {
    const auto rows = file.read(first, std::min(options.rows_at_once, file.rows() - first));
    for (std::size_t i = 0; i < rows.size(); i += d) {
      const auto x = std::span(rows).subspan(i, d);
      if (!std::ranges::all_of(x, [](double v) { return std::isfinite(v); })) {
        throw InputError(file.place(first + std::int64_t(i / d)) + " is not finite");
      }
      const std::int32_t cell = locator.find(x);
      if (cell >= 0) counts[std::size_t(cell)] += 1;
    }
  }
  return file.rows();
}

/// n_K / (n m_K).
void count_samples(const std::filesystem::path& path, const Mesh& mesh, bool drop,
                   double background, Snapshot& snapshot) {
  const std::string refusal = CellLocator::refusal(mesh);
  if (!refusal.empty()) {
    throw InputError(fmt::format(
        "{}: holds samples, and the search for the cell around one is not available yet for {}; "
        "give densities, or another mesh",
        snapshot.file, refusal));
  }
  snapshot.density.assign(std::size_t(mesh.owned), 0.0);
  std::int64_t rows = 0;
  mesh.comm.together(
      [&] { rows = count_in_cells(SampleFile(path, mesh.dimension), mesh, snapshot.density); });
  double inside = 0;
  for (const double count : snapshot.density) inside += count;
  snapshot.samples = std::int64_t(mesh.comm.sum(inside));
  snapshot.outside = rows - snapshot.samples;
  const char* domain = mesh.box ? "box" : "mesh";
  if (snapshot.samples == 0) {
    throw InputError(
        fmt::format("{}: none of the samples is inside the {}", snapshot.file, domain));
  }
  if (!drop && double(snapshot.outside) > background * double(rows)) {
    throw InputError(fmt::format(
        "{}: {} of {} samples are outside the {}, more than the share fit.background = {:g}; "
        "enlarge it, or leave them out by data.outside = \"drop\"",
        snapshot.file, snapshot.outside, rows, domain, background));
  }
  for (std::size_t k = 0; k < snapshot.density.size(); ++k) {
    snapshot.density[k] /= double(snapshot.samples) * mesh.volume[k];
  }
}

enum class Holds { samples, cells, lattice };

Holds content_of(const std::filesystem::path& file, const Mesh& mesh) {
  if (is_hdf5(file)) return ColumnFile(file).has("/samples") ? Holds::samples : Holds::cells;
  if (file.extension() == ".vti") return Holds::lattice;
  const NumberTable table = read_number_table(file);
  return table.columns == std::size_t(mesh.dimension) ? Holds::samples : Holds::lattice;
}

Snapshot read_snapshot(const std::filesystem::path& file, const Mesh& mesh, bool drop,
                       double background) {
  Snapshot snapshot;
  snapshot.file = file.string();
  Holds holds = Holds::cells;
  mesh.comm.together([&] { holds = content_of(file, mesh); });
  if (holds == Holds::samples) {
    count_samples(file, mesh, drop, background, snapshot);
    return snapshot;
  }
  if (holds == Holds::cells) {
    snapshot.density = density_from_hdf5(file, mesh);
  } else {
    mesh.comm.together([&] {
      snapshot.density = density_at_cells(
          file, mesh,
          {.outside_is_empty = drop, .advice = "; data.outside = \"drop\" makes it empty there"});
    });
  }
  mesh.comm.together([&] { check_values(snapshot.density, snapshot.file); });
  for (double& rho : snapshot.density) rho = std::max(rho, 0.0);  // undershoots of a scheme
  return snapshot;
}

/// data.times, else the attributes of the files.
std::vector<double> times_of(const Section& data, const std::vector<std::filesystem::path>& files,
                             const Comm& comm) {
  std::vector<double> times;
  if (data.given("times")) {
    times = data.reals("times");
    if (times.size() != files.size()) {
      data.fail("times", fmt::format("has {} entries and data.snapshots {}; each file has one time",
                                     times.size(), files.size()));
    }
  } else {
    comm.together([&] {
      for (const auto& file : files) {
        const auto time = is_hdf5(file) ? ColumnFile(file).attribute("time") : std::nullopt;
        if (!time) {
          data.fail("snapshots", fmt::format("{} has no attribute 'time'; give data.times = [...]",
                                             file.string()));
        }
        times.push_back(*time);
      }
    });
  }
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (times[i] > times[i - 1]) continue;
    data.fail(
        data.given("times") ? "times" : "snapshots",
        fmt::format("times must increase from each snapshot to the next, and {:g} follows {:g}",
                    times[i], times[i - 1]));
  }
  return times;
}

/// Of one kind, and of one mass.
void check_together(const Section& data, const std::vector<Snapshot>& all,
                    const std::vector<double>& masses) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if ((all[i].samples > 0) != (all[0].samples > 0)) {
      data.fail("snapshots",
                fmt::format("{} holds {} and {} {}; all must be of one kind", all[0].file,
                            all[0].samples > 0 ? "samples" : "a density", all[i].file,
                            all[i].samples > 0 ? "samples" : "a density"));
    }
    if (!(masses[i] > 0)) data.fail("snapshots", all[i].file + " has no mass");
    if (std::abs(masses[i] / masses[0] - 1) > options.mass_tolerance) {
      data.fail(
          "snapshots",
          fmt::format("the mass of {} is {:.9g} and that of {} {:.9g}; a flow without sources "
                      "keeps it, so one of the two is cut off or scaled",
                      all[i].file, masses[i], all[0].file, masses[0]));
    }
  }
}

/// Of [data] or of a [[data.series]].
std::vector<Snapshot> read_series(const Case& c, const Section& data, const Mesh& mesh,
                                  std::size_t held, bool drop, double background) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : data.texts("snapshots")) {
    files.push_back(c.file().parent_path() / name);
  }
  if (files.size() < held + 2) {
    data.fail("snapshots",
              fmt::format("at least two snapshots are needed beside the {} held out, and "
                          "there {} {}",
                          held, files.size() == 1 ? "is" : "are", files.size()));
  }
  const std::vector<double> times =
      at_key(data, "snapshots", [&] { return times_of(data, files, mesh.comm); });
  std::vector<Snapshot> all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    all.push_back(
        at_key(data, "snapshots", [&] { return read_snapshot(files[i], mesh, drop, background); }));
    all.back().time = times[i];
  }
  return all;
}

}  // namespace

Snapshots read_snapshots(const Case& c, const Mesh& mesh) {
  const Section data = c.section("data");
  if (!data.given("snapshots")) {
    throw InputError(data.where("") + ": 'otto fit' needs data.snapshots = [files], one per time");
  }
  for (const char* key : {"library", "table", "samples", "smoothing", "heldout"}) {
    if (data.given(key)) {
      data.fail(key,
                "belongs to 'otto train'; 'otto fit' takes data.snapshots. Remove one of them");
    }
  }
  const auto held = std::size_t(data.integer("heldout_last"));
  const bool drop = data.text("outside") == "drop";
  const double background = c.section("fit").real("background");
  std::vector<Snapshot> all = read_series(c, data, mesh, held, drop, background);
  const std::ptrdiff_t last = std::ptrdiff_t(all.size());
  const std::vector<Section> more = c.sections("data.series");
  for (std::size_t i = 0; i < more.size(); ++i) {
    for (Snapshot& s : read_series(c, more[i], mesh, 0, drop, background)) {
      s.series = int(i) + 1;
      all.push_back(std::move(s));
    }
  }
  std::vector<double> masses;
  for (const Snapshot& s : all) masses.push_back(mass_of(mesh, s.density));
  check_together(data, all, masses);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (double& rho : all[i].density) rho /= masses[i];
  }
  Snapshots result{std::move(all), {}};
  const auto end = result.seen.begin() + last, first = end - std::ptrdiff_t(held);
  result.heldout.assign(std::make_move_iterator(first), std::make_move_iterator(end));
  result.seen.erase(first, end);
  return result;
}

std::vector<Interval> Snapshots::intervals() const {
  std::vector<Interval> result;
  for (std::size_t k = 0; k + 1 < seen.size(); ++k) {
    if (seen[k].series == seen[k + 1].series) result.push_back({k, k + 1});
  }
  return result;
}

Interval Snapshots::series(int number) const {
  Interval range{0, 0};
  for (const Snapshot& s : seen) {
    if (s.series < number) ++range.from;
    if (s.series <= number) ++range.to;
  }
  return range;
}

double Snapshots::duration() const {
  double sum = 0;
  for (const Interval& k : intervals()) sum += time_of(k);
  return sum;
}

Snapshots coarsened(const Snapshots& data, const Mesh& fine, const Mesh& coarse) {
  Snapshots result = data;
  for (auto* list : {&result.seen, &result.heldout}) {
    for (Snapshot& s : *list) s.density = restrict_density(fine, s.density, coarse);
  }
  return result;
}

}  // namespace otto
