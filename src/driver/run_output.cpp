#include "otto/driver/run_output.h"

#include <fmt/format.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "otto/core/fault.h"
#include "otto/driver/fingerprint.h"
#include "otto/driver/summary.h"
#include "otto/initial/initial.h"
#include "otto/io/final_state.h"
#include "output_folder.h"
#include "run_monitor.h"

namespace otto {

struct RunOutput::Impl {
  Impl(const Comm& world, const Case& whole, std::filesystem::path where, Resumption from,
       bool quiet)
      : comm(world),
        c(whole),
        folder(std::move(where)),
        resumption(std::move(from)),
        log(world, quiet) {}

  void open();
  void describe(const Problem& problem, const Stepper& stepper);
  void write_summary();
  void complete(const Problem& problem, const State& state, const RunOutcome& outcome);
  void say_goodbye(const RunOutcome& outcome);

  Comm comm;
  Case c;
  std::filesystem::path folder;
  Resumption resumption;
  Log log;
  StopGuard guard;
  RunRecord record;
  Summary summary;
  RunTotals::Promise promise;
  std::vector<std::pair<std::string, std::vector<double>>> final_fields;
  nlohmann::ordered_json extra = nlohmann::ordered_json::object();
};

void RunOutput::Impl::open() {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit shows as an error of the write instead
  const std::string resolved = c.resolved();
  summary.provenance = collect_provenance(comm, resolved);
  fault_point("open_output");
  comm.together([&] {
    check_output(c);
    if (!comm.is_root()) return;
    make_folder(folder);
    log.open(folder / "log.txt", resumption.checkpoint != nullptr);
    replace_file(folder / "case.resolved.toml", resolved);
  });
  summary.title = c.root().has("title") ? c.root().text("title") : "";
  limit_wall_time(c, guard);
}

/// What the log starts with, and what the summary tells of the set-up.
void RunOutput::Impl::describe(const Problem& problem, const Stepper& stepper) {
  const Mesh& mesh = problem.mesh;
  const bool drift = c.section("drift").present();
  summary.mesh = {c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  summary.scheme = c.section("time").text("scheme");
  summary.target = c.section("time").real("end");
  summary.energy_exists = !drift;
  const bool absorbs = problem.generator.absorbs();
  promise.energy_decays =
      stepper.dissipative() && !drift && !absorbs && !problem.generator.depends_on_time();
  promise.mass_conserved = !absorbs;
  log.say(fmt::format("Otto {} ({}) on {} {}: {}", summary.provenance.version,
                      summary.provenance.revision, comm.size(), comm.size() == 1 ? "rank" : "ranks",
                      summary.title.empty() ? c.file().string() : summary.title));
  log.say(fmt::format("mesh: {}, dimension {}, {} cells; scheme {} to t = {:.6g}; into {}",
                      summary.mesh->kind, mesh.dimension, mesh.global_cells, summary.scheme,
                      summary.target, folder.string()));
  if (drift) {
    log.say(
        "with a drift no free energy decays; the columns free_energy, dissipation and edi_gap "
        "are those of the energy without it");
  }
  if (problem.energy.external_only()) {
    log.say("external energies alone: the density moves down V, and nothing makes it diffuse");
  }
  if (absorbs) log.say("mass leaves through absorbing sides; the free energy leaves with it");
}

void RunOutput::Impl::write_summary() {
  summary.spent.total = seconds_since_program_start();
  auto json = to_json(summary);
  json.merge_patch(extra);
  replace_file(folder / "summary.json", json.dump(2) + "\n");
}

void RunOutput::Impl::complete(const Problem& problem, const State& state,
                               const RunOutcome& outcome) {
  fault_point("totals");
  const Mesh& mesh = problem.mesh;
  const auto owned = static_cast<std::size_t>(mesh.owned);
  const auto density = std::span(state.density).first(owned);
  summary.status = outcome.stopped ? "stopped" : "completed";
  if (outcome.stopped) summary.reason = words_for(record.stop);
  summary.totals = record.totals;
  summary.gibbs_distance = record.gibbs_distance;
  summary.warnings = record.totals->warnings(promise);
  if (const auto exact = exact_density(c, mesh, state.time)) {
    summary.error = error_norms(mesh, density, *exact);
  }
  summary.network = report_networks(problem.energy, mesh, density);
  if (summary.network) {
    for (auto& words : summary.network->warnings(record.totals->mass_final)) {
      summary.warnings.push_back(std::move(words));
    }
  }
  summary.fingerprint = fingerprint(mesh, density);
  summary.memory_mb = comm.sum(peak_memory_mb());
}

void RunOutput::Impl::say_goodbye(const RunOutcome& outcome) {
  for (const auto& words : summary.warnings) log.warn(words);
  const RunTotals& t = *summary.totals;
  if (summary.error) {
    log.say(fmt::format("error against the exact density: L1 {:.6e}  L2 {:.6e}  max {:.6e}",
                        summary.error->l1, summary.error->l2, summary.error->linf));
  }
  log.say(fmt::format("F {:.10g} -> {:.10g}, mass drift {:.1e}, min density {:.3g}",
                      t.energy_initial, t.energy_final, t.max_drift, t.min_density));
  log.say(fmt::format("{} at t = {:.6g} after {} steps in {:.2f} s{}{}",
                      outcome.stopped ? "stopped" : "done", t.time, t.steps,
                      seconds_since_program_start(), outcome.stopped ? ": " : "", summary.reason));
}

RunOutput::RunOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                     Resumption resumption, bool quiet)
    : impl_(std::make_unique<Impl>(comm, c, std::move(folder), std::move(resumption), quiet)) {
  impl_->open();
}

RunOutput::~RunOutput() = default;

Log& RunOutput::log() { return impl_->log; }
const std::filesystem::path& RunOutput::folder() const { return impl_->folder; }
nlohmann::ordered_json& RunOutput::summary_extra() { return impl_->extra; }

void RunOutput::add_final_field(std::string name, std::vector<double> values) {
  impl_->final_fields.emplace_back(std::move(name), std::move(values));
}

void RunOutput::watch(const RunParts& run, std::vector<std::unique_ptr<Monitor>>& monitors) {
  Impl& o = *impl_;
  fault_point("watch");
  o.describe(run.problem, run.stepper);
  make_room(o.comm, o.folder, o.resumption, o.log);
  monitors.push_back(std::make_unique<RunMonitor>(
      run, RunMonitor::Surroundings{o.folder, o.summary.provenance, o.resumption, o.log, o.guard,
                                    o.record}));
  o.summary.spent.setup = seconds_since_program_start();
}

ExitStatus RunOutput::finish(const Problem& problem, const State& state,
                             const RunOutcome& outcome) {
  Impl& o = *impl_;
  Spent& spent = o.summary.spent;
  const auto began = SteadyClock::now();
  spent.solve = seconds_since(o.record.loop_start) - o.record.output_seconds;
  o.complete(problem, state, outcome);
  std::vector<NamedField> fields{{"density", state.density}};
  for (const auto& [name, values] : o.final_fields) fields.push_back({name, values});
  write_final_state(o.folder / "final.h5", problem.mesh, state.time, fields, o.summary.provenance);
  spent.output = o.record.output_seconds + seconds_since(began);
  fault_point("summary");
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    o.say_goodbye(outcome);
    if (o.log.trouble()) throw IoError(*o.log.trouble());
    o.write_summary();
  });
  return outcome.stopped ? ExitStatus::stopped : ExitStatus::done;
}

ExitStatus RunOutput::finish(const Mesh& mesh) {
  Impl& o = *impl_;
  o.summary.status = "completed";
  o.summary.mesh = {o.c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  o.summary.memory_mb = o.comm.sum(peak_memory_mb());
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    if (o.log.trouble()) throw IoError(*o.log.trouble());
    o.write_summary();
  });
  return ExitStatus::done;
}

void RunOutput::fail(const std::exception& error) noexcept {
  Impl& o = *impl_;
  if (!o.comm.is_root()) return;
  try {
    o.summary.status = "failed";
    o.summary.reason = error.what();
    o.summary.totals = o.record.totals;
    o.summary.memory_mb = peak_memory_mb();
    o.log.note("failed: " + o.summary.reason);
    o.write_summary();
  } catch (const std::exception&) {
    // The disk may be what failed; the caller reports the error itself.
  }
}

}  // namespace otto
