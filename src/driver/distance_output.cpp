#include "otto/driver/distance_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "otto/driver/fingerprint.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "run_history.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no infinity.
Json number(double x) { return std::isfinite(x) ? Json(x) : Json(); }

Json distance_json(const GeodesicReport& r, const GeodesicOptions& o) {
  return {{"w2", std::sqrt(std::max(r.squared, 0.0))},
          {"w2_squared", r.squared},
          {"lower", r.lower},
          {"upper", number(r.upper)},
          {"gap", number(r.gap())},
          {"tolerance", o.tolerance},
          {"converged", r.converged},
          {"intervals", o.intervals},
          {"iterations", r.iterations}};
}

using Row = GeodesicReport;

template <class Get>
Column<Row> real(std::string name, Get get) {
  return {std::move(name), [get](const Row& r, std::string& row) { append_real(row, get(r)); }};
}

/// A field that stays empty as long as there is no upper bound.
double where_bounded(const Row& r, double x) {
  return std::isfinite(r.upper) ? x : std::numeric_limits<double>::quiet_NaN();
}

Columns<Row> distance_columns() {
  return {{"iteration",
           [](const Row& r, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{}", r.iterations);
           }},
          real("w2_squared", [](const Row& r) { return r.squared; }),
          real("primal", [](const Row& r) { return where_bounded(r, r.upper); }),
          real("dual", [](const Row& r) { return r.lower; }),
          real("gap", [](const Row& r) { return where_bounded(r, r.gap()); }),
          {"wall_seconds", [](const Row&, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{:.3f}", seconds_since_program_start());
           }}};
}

}  // namespace

struct DistanceOutput::Impl {
  Impl(const Comm& world, std::filesystem::path where, std::string what)
      : comm(world), folder(world, std::move(where), std::move(what)) {}

  void open();
  void write_series(const Geodesic& geodesic) const;
  void warn_of_coarse_cells(const GeodesicReport& r);
  void say_goodbye(const GeodesicReport& r);

  Comm comm;
  RunFolder folder;
  GeodesicOptions options;
  const Mesh* mesh = nullptr;
  Columns<GeodesicReport> columns = distance_columns();
  HistoryWriter history{header_of(columns), "iterations", std::chrono::seconds(0)};
  bool begun = false;
};

DistanceOutput::DistanceOutput(const Comm& comm, std::filesystem::path folder, std::string subject)
    : impl_(std::make_unique<Impl>(comm, std::move(folder), std::move(subject))) {}

DistanceOutput::~DistanceOutput() = default;

void DistanceOutput::start(const Mesh& mesh, const GeodesicOptions& options) {
  Impl& o = *impl_;
  o.mesh = &mesh;
  o.options = options;
  o.folder.summary().mesh = {"box", mesh.dimension, mesh.global_cells};
  o.folder.introduce(fmt::format("box, dimension {}, {} cells, {} intervals of time",
                                 mesh.dimension, mesh.global_cells, options.intervals));
  o.folder.summary().spent.setup = seconds_since_program_start();
}

void DistanceOutput::Impl::open() {
  begun = true;
  folder.open();
  comm.together([&] {
    if (!comm.is_root()) return;
    make_folder(folder.path() / "fields");
    history.open(folder.path() / "history.csv");
  });
}

void DistanceOutput::add(const GeodesicReport& r) {
  Impl& o = *impl_;
  if (!o.begun) o.open();
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    o.history.add(row_of(o.columns, r));
    o.folder.log().live(
        fmt::format("iteration {}  W2 {:.8g}  gap {:.1e} of W2^2 (asked {:.0e})  {:.0f} s",
                    r.iterations, std::sqrt(std::max(r.squared, 0.0)), r.gap() / r.upper,
                    o.options.tolerance, seconds_since_program_start()));
    for (const auto& trouble : {o.history.trouble(), o.folder.log().trouble()}) {
      if (trouble) throw IoError(*trouble);
    }
  });
}

void DistanceOutput::Impl::write_series(const Geodesic& geodesic) const {
  const auto series =
      make_vtkhdf_series({*mesh, folder.path() / "fields", {}, folder.provenance()});
  for (int k = 0; k <= options.intervals; ++k) {
    const std::vector<double> rho = geodesic.density(k);
    const NamedField field{"density", rho};
    series->write(double(k) / options.intervals, {&field, 1});
  }
  series->finish();
}

void DistanceOutput::Impl::warn_of_coarse_cells(const GeodesicReport& r) {
  const Box& box = mesh->box->box;
  double square = 0;
  for (std::size_t a = 0; a < std::size_t(mesh->dimension); ++a) {
    const double h = box.nodes[a][1] - box.nodes[a][0];  // all cells are equal
    square += h * h;
  }
  const double diagonal = std::sqrt(square), w2 = std::sqrt(std::max(r.squared, 0.0));
  if (!(w2 > 0) || diagonal <= options.coarse * w2) return;
  folder.warn_at_end(
      fmt::format("the bounds are those of the problem on these cells, whose diagonal {:.3g} is "
                  "{:.2g} of W2: W2 of the densities behind them may lie outside; take finer cells",
                  diagonal, diagonal / w2));
}

void DistanceOutput::Impl::say_goodbye(const GeodesicReport& r) {
  Log& log = folder.log();
  log.say(fmt::format("W2 = {:.10g}; W2^2 = {:.10g} in [{:.10g}, {:.10g}]",
                      std::sqrt(std::max(r.squared, 0.0)), r.squared, r.lower, r.upper));
  log.say(fmt::format("{} after {} iterations in {:.2f} s", r.converged ? "done" : "not converged",
                      r.iterations, seconds_since_program_start()));
}

void DistanceOutput::finish(const Geodesic& geodesic, const GeodesicReport& report,
                            const std::string& stopped) {
  Impl& o = *impl_;
  if (!o.begun) o.open();
  finish_history(o.folder, o.history);
  Summary& summary = o.folder.summary();
  const double began = seconds_since_program_start();
  summary.spent.solve = began - summary.spent.setup;
  const std::vector<double> middle = geodesic.midpoint();
  const NamedField field{"density", middle};
  o.write_series(geodesic);
  write_final_state(o.folder.path() / "final.h5", *o.mesh, 0.5, {&field, 1}, o.folder.provenance());
  const bool failed = !report.converged && stopped.empty();
  summary.status = report.converged ? "completed" : failed ? "failed" : "stopped";
  summary.reason = stopped;
  if (failed) {
    summary.reason = fmt::format(
        "after {} iterations the bounds of W2^2 are {:.2e} of it apart, where {:.2e} was asked; "
        "allow more by --max-iterations, or ask for less by --tolerance",
        report.iterations, report.gap() / report.upper, o.options.tolerance);
  }
  summary.fingerprint = fingerprint(*o.mesh, middle);
  summary.spent.output = seconds_since_program_start() - began;
  o.warn_of_coarse_cells(report);
  o.folder.take_cautions();
  o.folder.conclude({{"distance", distance_json(report, o.options)}}, [&] {
    o.say_goodbye(report);
    if (!stopped.empty()) o.folder.log().say("stopped: " + stopped);
  });
  if (failed) throw NumericalError(summary.reason);
}

void DistanceOutput::fail(const std::exception& error) noexcept {
  impl_->folder.fail(error, Json::object());
}

}  // namespace otto
