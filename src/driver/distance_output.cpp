#include "otto/driver/distance_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "otto/driver/fingerprint.h"
#include "otto/driver/summary.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "otto/io/log.h"
#include "output_folder.h"

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

}  // namespace

struct DistanceOutput::Impl {
  Impl(const Comm& world, std::filesystem::path where, std::string what)
      : comm(world), folder(std::move(where)), subject(std::move(what)), log(world) {}

  void write_series(const Geodesic& geodesic) const;
  void write_summary(const Json& distance);
  void add_row(const GeodesicReport& r);
  void say_goodbye(const GeodesicReport& r);

  Comm comm;
  std::filesystem::path folder;
  std::string subject;
  Log log;
  Summary summary;
  GeodesicOptions options;
  const Mesh* mesh = nullptr;
  GrowingFile history;
};

DistanceOutput::DistanceOutput(const Comm& comm, std::filesystem::path folder, std::string subject)
    : impl_(std::make_unique<Impl>(comm, std::move(folder), std::move(subject))) {
  Impl& o = *impl_;
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit shows as an error of the write instead
  o.summary.provenance = collect_provenance(comm, o.subject);
  o.summary.title = o.subject;
  comm.together([&] {
    if (!comm.is_root()) return;
    make_folder(o.folder);
    o.log.open(o.folder / "log.txt");
  });
}

DistanceOutput::~DistanceOutput() = default;

void DistanceOutput::start(const Mesh& mesh, const GeodesicOptions& options) {
  Impl& o = *impl_;
  o.mesh = &mesh;
  o.options = options;
  o.summary.mesh = {"box", mesh.dimension, mesh.global_cells};
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    remove_earlier(o.folder);
    make_folder(o.folder / "fields");
    o.history.open(o.folder / "history.csv");
    o.history.append("iteration,w2_squared,primal,dual,gap,wall_seconds\n");
  });
  const Provenance& p = o.summary.provenance;
  o.log.say(fmt::format("Otto {} ({}) on {} {}: {}", p.version, p.revision, o.comm.size(),
                        o.comm.size() == 1 ? "rank" : "ranks", o.subject));
  o.log.say(fmt::format("box, dimension {}, {} cells, {} intervals of time; into {}",
                        mesh.dimension, mesh.global_cells, options.intervals, o.folder.string()));
  o.summary.spent.setup = seconds_since_program_start();
}

void DistanceOutput::Impl::add_row(const GeodesicReport& r) {
  const double wall = seconds_since_program_start();
  const bool both = std::isfinite(r.upper);
  history.append(fmt::format("{},{},{},{},{},{:.3f}\n", r.iterations, r.squared,
                             both ? fmt::format("{}", r.upper) : "", r.lower,
                             both ? fmt::format("{}", r.gap()) : "", wall));
  history.flush();
  log.live(fmt::format("iteration {}  W2 {:.8g}  gap {:.1e} of W2^2 (asked {:.0e})  {:.0f} s",
                       r.iterations, std::sqrt(std::max(r.squared, 0.0)), r.gap() / r.upper,
                       options.tolerance, wall));
}

void DistanceOutput::add(const GeodesicReport& report) {
  Impl& o = *impl_;
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    o.add_row(report);
    if (o.log.trouble()) throw IoError(*o.log.trouble());
  });
}

void DistanceOutput::Impl::write_series(const Geodesic& geodesic) const {
  const auto series = make_vtkhdf_series({*mesh, folder / "fields", {}, summary.provenance});
  for (int k = 0; k <= options.intervals; ++k) {
    const std::vector<double> rho = geodesic.density(k);
    const NamedField field{"density", rho};
    series->write(double(k) / options.intervals, {&field, 1});
  }
  series->finish();
}

void DistanceOutput::Impl::write_summary(const Json& distance) {
  summary.spent.total = seconds_since_program_start();
  Json json = to_json(summary);
  json["distance"] = distance;
  replace_file(folder / "summary.json", json.dump(2) + "\n");
}

void DistanceOutput::Impl::say_goodbye(const GeodesicReport& r) {
  log.say(fmt::format("W2 = {:.10g}; W2^2 = {:.10g} in [{:.10g}, {:.10g}]",
                      std::sqrt(std::max(r.squared, 0.0)), r.squared, r.lower, r.upper));
  log.say(fmt::format("{} after {} iterations in {:.2f} s", r.converged ? "done" : "not converged",
                      r.iterations, seconds_since_program_start()));
}

void DistanceOutput::finish(const Geodesic& geodesic, const GeodesicReport& report,
                            const std::string& stopped) {
  Impl& o = *impl_;
  const double began = seconds_since_program_start();
  o.summary.spent.solve = began - o.summary.spent.setup;
  const std::vector<double> middle = geodesic.midpoint();
  const NamedField field{"density", middle};
  o.write_series(geodesic);
  write_final_state(o.folder / "final.h5", *o.mesh, 0.5, {&field, 1}, o.summary.provenance);
  o.summary.status = report.converged ? "completed" : stopped.empty() ? "failed" : "stopped";
  o.summary.reason = stopped;
  if (!report.converged && stopped.empty()) {
    o.summary.reason = fmt::format(
        "after {} iterations the bounds of W2^2 are {:.2e} of it apart, where {:.2e} was asked; "
        "allow more by --max-iterations, or ask for less by --tolerance",
        report.iterations, report.gap() / report.upper, o.options.tolerance);
  }
  o.summary.memory_mb = o.comm.sum(peak_memory_mb());
  o.summary.fingerprint = fingerprint(*o.mesh, middle);
  o.summary.spent.output = seconds_since_program_start() - began;
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    o.say_goodbye(report);
    if (!stopped.empty()) o.log.say("stopped: " + stopped);
    if (o.log.trouble()) throw IoError(*o.log.trouble());
    o.write_summary(distance_json(report, o.options));
  });
  if (!report.converged && stopped.empty()) throw NumericalError(o.summary.reason);
}

void DistanceOutput::fail(const std::exception& error) noexcept {
  Impl& o = *impl_;
  if (!o.comm.is_root() || !o.summary.reason.empty()) return;
  try {
    o.summary.status = "failed";
    o.summary.reason = error.what();
    o.summary.memory_mb = peak_memory_mb();
    o.log.note("failed: " + o.summary.reason);
    o.write_summary(Json::object());
  } catch (const std::exception&) {
    // The disk may be what failed; the caller reports the error itself.
  }
}

}  // namespace otto
