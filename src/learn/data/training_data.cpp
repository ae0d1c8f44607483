// [data]: a density by name, a table of masses, or samples. Masses are normalised to 1 in the box.

#include "otto/learn/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/words.h"
#include "otto/learn/toy_density.h"
#include "otto/mesh/locate.h"
#include "otto/mesh/restrict.h"
#include "otto/tables/cell_density.h"
#include "otto/tables/columns.h"
#include "otto/tables/sample_file.h"
#include "sample_density.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "data",
      .doc = "The density q an energy is trained on (`otto train`): one of `library`, `table` and "
             "`samples`."}},
    {{.path = "data.library",
      .type = Type::text,
      .doc = "A customary test density in two dimensions, as exact masses of the cells in the box, "
             "normalised to 1 there."},
     {.path = "data.smoothing",
      .doc =
          "Standard deviation s of a normal that blurs `library` = checkerboard (default 0), cos "
          "or line (default 0.1), or the counts of `samples`, 0 leaving them as they are (default: "
          "along every axis in proportion to the samples' own deviation, so that each of them is "
          "likeliest under the normals of the others).",
      .range = non_negative},
     {.path = "data.table",
      .type = Type::text,
      .doc =
          "HDF5 file with /cells/center and /cells/mass or /cells/density, rows in any order, of "
          "the cells of the mesh or of those twice as fine along every axis; or densities on a "
          "lattice of their own: columns x, y, z, density as text, .npy, .npz, or a .vti image.",
      .file = true},
     {.path = "data.samples",
      .type = Type::text,
      .doc =
          "Samples of q, counted in cells and blurred by `smoothing`: /samples (n x d) of an HDF5 "
          "file, columns of text, .npy or .npz, one row each. Without a [mesh] d is any, and "
          "/train, /validation and /test of the file are its own split.",
      .file = true},
     {.path = "data.heldout",
      .doc =
          "Share of the samples kept out of training, chosen by train.seed: they say when "
          "training ends (train.patience) and give train.heldout_log_likelihood. 0.1 by default, "
          "with at least 100 samples.",
      .range = {.min = 0, .max = 1, .below = true}},
     {.path = "data.outside",
      .type = Type::text,
      .doc = "What happens to samples outside the box, and to cells outside a table.",
      .fallback = "\"refuse\""}},
    {{"data.outside", "refuse", "They are an error."},
     {"data.outside", "drop",
      "Samples are left out; the log and summary.json say how many. Cells are empty."}}};

constexpr double default_heldout = 0.1;    ///< enough to tell energies apart by 0.01 nat
constexpr std::int64_t few_samples = 100;  ///< of fewer none is held out by default

constexpr std::int64_t rows_at_once = 1 << 16;

/// Divides by the sum over all ranks and returns it.
double normalise(const Comm& comm, std::vector<double>& mass) {
  ReproducibleSum parts;
  parts.add(mass);
  const double sum = sum_of_all(comm, parts);
  for (double& m : mass) m /= sum;
  return sum;
}

std::vector<double> restrict_masses(const Mesh& fine, std::vector<double> mass,
                                    const Mesh& coarse) {
  for (std::size_t i = 0; i < mass.size(); ++i) mass[i] /= fine.volume[i];
  std::vector<double> sums = restrict_density(fine, mass, coarse);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] *= coarse.volume[i];
  return sums;
}

// ---- by name ----------------------------------------------------------------------------------

std::vector<double> toy_masses(const ToyDensity& toy, double s, const Mesh& mesh) {
  std::vector<double> mass(std::size_t(mesh.owned), 0.0);
  toy.add_masses(*mesh.box, s, mass);
  return mass;
}

TrainingData from_library(const Section& data, const Mesh& mesh) {
  const std::string name = data.text("library");
  const ToyDensity& toy = find_toy(name);
  if (mesh.dimension != 2) {
    data.fail("library", fmt::format("'{}' is a density in two dimensions; the mesh has {}",
                                     toy.name, mesh.dimension));
  }
  if (data.given("smoothing") && !toy.takes_smoothing) {
    data.fail("smoothing", fmt::format("'{}' is smooth as it is; remove the key", toy.name));
  }
  const double s = data.given("smoothing") ? data.real("smoothing") : toy.smoothing;
  if (toy.needs_smoothing && !(s > 0)) {
    data.fail("smoothing", fmt::format("'{}' is a curve: it must be positive", toy.name));
  }
  TrainingData result{.mass = toy_masses(toy, s, mesh),
                      .check = make_box_mesh(mesh.comm, halved(mesh.box->box)),
                      .check_mass = {},
                      .heldout = {}};
  if (!(normalise(mesh.comm, result.mass) > 1e-12)) {
    data.fail("library", fmt::format("'{}' has no mass in this box; move or enlarge it", toy.name));
  }
  result.check_mass = toy_masses(toy, s, result.check);
  normalise(mesh.comm, result.check_mass);
  return result;
}

// ---- a table ----------------------------------------------------------------------------------

/// Masses of the owned cells. Not collective.
std::vector<double> read_masses(const std::filesystem::path& file, const Mesh& mesh) {
  const ColumnFile columns(file);
  const bool masses = columns.has("/cells/mass");
  const CellTable table(file, {"/cells/mass", "/cells/density"}, mesh);
  std::vector<double> mass;
  for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
    const double value = table.at(mesh.center[i]);
    if (!(std::isfinite(value) && value >= 0)) {
      columns.fail(fmt::format("{} holds {}; a density is finite and not negative",
                               masses ? "/cells/mass" : "/cells/density", value));
    }
    mass.push_back(masses ? value : value * mesh.volume[i]);
  }
  return mass;
}

void need_mass(double sum, const std::filesystem::path& file) {
  if (sum > 0 && std::isfinite(sum)) return;
  throw InputError(file.string() + ": has no mass, or more than a number holds");
}

/// Masses of the owned cells from densities on a lattice. Not collective.
std::vector<double> interpolate_masses(const Section& data, const Mesh& mesh) {
  const auto file = data.file("table");
  auto mass = density_at_cells(file, mesh,
                               {.outside_is_empty = data.text("outside") == "drop",
                                .advice = "; data.outside = \"drop\" makes it empty there"});
  for (std::size_t i = 0; i < mass.size(); ++i) {
    if (!(std::isfinite(mass[i]) && mass[i] >= 0)) {
      throw InputError(
          fmt::format("{}: gives the density {} at {}; it must be finite and not "
                      "negative",
                      file.string(), mass[i], to_text(mesh.center[i], mesh.dimension)));
    }
    mass[i] *= mesh.volume[i];
  }
  return mass;
}

TrainingData from_lattice(const Section& data, const Mesh& mesh) {
  TrainingData result{.mass = {},
                      .check = make_box_mesh(mesh.comm, halved(mesh.box->box)),
                      .check_mass = {},
                      .heldout = {}};
  mesh.comm.together([&] {
    result.mass = interpolate_masses(data, mesh);
    result.check_mass = interpolate_masses(data, result.check);
  });
  need_mass(normalise(mesh.comm, result.mass), data.file("table"));
  need_mass(normalise(mesh.comm, result.check_mass), data.file("table"));
  return result;
}

TrainingData from_table(const Section& data, const Mesh& mesh) {
  const auto file = data.file("table");
  if (!is_hdf5(file)) return from_lattice(data, mesh);
  std::int64_t rows = 0;
  mesh.comm.together([&] {
    const ColumnFile columns(file);
    if (!columns.has("/cells/center")) columns.fail("has no dataset /cells/center");
    rows = columns.shape("/cells/center").rows;
  });
  const bool refined = rows == mesh.global_cells << mesh.dimension;
  const Box& box = mesh.box->box;
  TrainingData result{.mass = {},
                      .check = make_box_mesh(mesh.comm, refined ? halved(box) : box),
                      .check_mass = {},
                      .heldout = {}};
  mesh.comm.together([&] { result.check_mass = read_masses(file, result.check); });
  need_mass(normalise(mesh.comm, result.check_mass), file);
  result.mass =
      refined ? restrict_masses(result.check, result.check_mass, mesh) : result.check_mass;
  normalise(mesh.comm, result.mass);
  return result;
}

// ---- samples ----------------------------------------------------------------------------------

/// Counts samples in the cells of the check grid, and keeps some out.
class SampleCounter {
 public:
  SampleCounter(const Mesh& mesh, TrainingData& result, double heldout, std::uint64_t seed)
      : density(result.check.box->box),
        mesh_(mesh),
        result_(result),
        heldout_(heldout),
        seed_(seed) {}

  void add(std::int64_t row, std::span<const double> x) {
    const Located at = locate(*mesh_.box, x);
    if (!at.inside) {
      ++outside;
      return;
    }
    if (heldout_ > 0 && RandomAt(seed_, stream, std::uint64_t(row)).uniform()[0] < heldout_) {
      const std::int64_t block = kept_out++ / heldout_block;
      if (block % mesh_.comm.size() != mesh_.comm.rank()) return;
      Point p{};
      std::copy(x.begin(), x.end(), p.begin());
      result_.heldout.push_back(p);
      return;
    }
    ++used;
    density.add(x);
  }

  SampleDensity density;  ///< of those used
  std::int64_t outside = 0, kept_out = 0, used = 0;

 private:
  static constexpr std::uint64_t stream = 0x6865;
  const Mesh& mesh_;
  TrainingData& result_;
  double heldout_;
  std::uint64_t seed_;
};

/// h: `smoothing` along every axis, else the best one.
Widths smoothing_of(const Section& data, const SampleDensity& density) {
  if (!data.given("smoothing")) return density.best_widths();
  const double s = data.real("smoothing");
  return {s, s, s};
}

void read_samples(const Section& data, const Mesh& mesh, std::uint64_t seed, TrainingData& result) {
  const SampleFile file(data.file("samples"), mesh.dimension);
  const double heldout = data.has("heldout")          ? data.real("heldout")
                         : file.rows() >= few_samples ? default_heldout
                                                      : 0;
  SampleCounter counter(mesh, result, heldout, seed);
  const auto d = std::size_t(mesh.dimension);
  for (std::int64_t first = 0; first < file.rows(); first += rows_at_once) {
    const auto rows = file.read(first, std::min(rows_at_once, file.rows() - first));
    for (std::size_t i = 0; i < rows.size(); i += d) {
      const std::int64_t row = first + std::int64_t(i / d);
      const auto x = std::span(rows).subspan(i, d);
      if (!std::ranges::all_of(x, [](double v) { return std::isfinite(v); })) {
        throw InputError(file.place(row) + " is not finite");
      }
      counter.add(row, x);
    }
  }
  if (counter.outside > 0 && data.text("outside") == "refuse") {
    file.fail(
        fmt::format("{} of {} samples are outside the box; enlarge it, or leave them out by "
                    "data.outside = \"drop\"",
                    counter.outside, file.rows()));
  }
  if (counter.outside == file.rows()) file.fail("all samples are outside the box");
  result.dropped = counter.outside;
  result.samples = counter.used;
  if (counter.used == 0) {
    file.fail("all samples were held out; lower data.heldout, or give more samples");
  }
  result.has_heldout = counter.kept_out > 0;
  result.smoothing = smoothing_of(data, counter.density);
  const std::vector<double> masses = counter.density.masses(result.smoothing);
  for (std::size_t i = 0; i < result.check_mass.size(); ++i) {
    result.check_mass[i] = masses[std::size_t(result.check.global[i])];
  }
}

TrainingData from_samples(const Case& c, const Section& data, const Mesh& mesh) {
  TrainingData result{.mass = {},
                      .check = make_box_mesh(mesh.comm, halved(mesh.box->box)),
                      .check_mass = {},
                      .heldout = {}};
  result.check_mass.assign(std::size_t(result.check.owned), 0.0);
  const auto seed = std::uint64_t(c.section("train").integer("seed"));
  mesh.comm.together([&] { read_samples(data, mesh, seed, result); });
  normalise(mesh.comm, result.check_mass);
  result.mass = restrict_masses(result.check, result.check_mass, mesh);
  normalise(mesh.comm, result.mass);
  return result;
}

}  // namespace

Box halved(const Box& box) {
  Box fine = box;
  for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
    const auto& nodes = box.nodes[a];
    fine.nodes[a].clear();
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      fine.nodes[a].push_back(nodes[i]);
      fine.nodes[a].push_back(0.5 * (nodes[i] + nodes[i + 1]));
    }
    fine.nodes[a].push_back(nodes.back());
  }
  return fine;
}

Box doubled(const Box& box) {
  Box coarse = box;
  for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
    const auto& nodes = box.nodes[a];
    if (box.cells(int(a)) % 2 != 0) continue;
    coarse.nodes[a].clear();
    for (std::size_t i = 0; i < nodes.size(); i += 2) coarse.nodes[a].push_back(nodes[i]);
  }
  return coarse;
}

TrainingData read_training_data(const Case& c, const Mesh& mesh) {
  const Section data = c.section("data");
  if (!data.present()) {
    throw InputError(c.file().string() +
                     ": the case has no [data] table; training needs one ('otto explain data')");
  }
  if (!mesh.box) data.fail("library", "training needs a box; mesh.kind is another");
  const int sources =
      int(data.given("library")) + int(data.given("table")) + int(data.given("samples"));
  if (sources != 1) {
    data.fail("library", "[data] needs exactly one of 'library', 'table' and 'samples'");
  }
  if (data.given("smoothing") && data.given("table")) {
    data.fail("smoothing", "goes with 'library' and 'samples' only; remove it");
  }
  if (data.given("heldout") && !data.given("samples")) {
    data.fail("heldout", "goes with 'samples' only; remove it");
  }
  if (data.given("outside") && !data.given("samples")) {
    data.fail("outside", "goes with 'samples' only; remove it");
  }
  if (data.given("library")) return from_library(data, mesh);
  const std::string source = data.given("table") ? "table" : "samples";
  return at_key(data, source, [&] {
    return source == "table" ? from_table(data, mesh) : from_samples(c, data, mesh);
  });
}

}  // namespace otto
