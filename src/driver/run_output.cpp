#include "otto/driver/run_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "otto/core/fault.h"
#include "otto/driver/fingerprint.h"
#include "otto/driver/run_folder.h"
#include "otto/initial/initial.h"
#include "otto/io/final_state.h"
#include "otto/operators/cautions.h"
#include "run_recorder.h"

namespace otto {

struct RunOutput::Impl {
  void describe(const Problem& problem, const Stepper& stepper);
  void complete(const Problem& problem, const State& state, const RunOutcome& outcome);
  void warn_of_the_end(const Problem& problem, std::span<const double> density);
  void say_goodbye(const RunOutcome& outcome);

  Case c;
  RunFolder folder;
  RunRecord record = {};
  RunTotals::Promise promise = {};
  std::vector<std::pair<std::string, std::vector<double>>> final_fields = {};
  nlohmann::ordered_json extra = nlohmann::ordered_json::object();
};

/// What the log starts with, and what the summary tells of the set-up.
void RunOutput::Impl::describe(const Problem& problem, const Stepper& stepper) {
  const Mesh& mesh = problem.mesh;
  const Generator& generator = problem.generator;
  const bool drift = generator.driven(), absorbs = generator.absorbs();
  const bool exchanges = absorbs || generator.supplies();
  Summary& summary = folder.summary();
  summary.mesh = {c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  summary.scheme = c.section("time").text("scheme");
  summary.target = c.section("time").real("end");
  summary.energy_exists = !drift;
  promise.energy_decays =
      stepper.dissipative() && !drift && !exchanges && !generator.depends_on_time();
  promise.mass_conserved = !exchanges;
  promise.fixed_steps = !c.section("time").flag("adaptive");
  folder.introduce(fmt::format("mesh: {}, dimension {}, {} cells; scheme {} to t = {:.6g}",
                               summary.mesh->kind, mesh.dimension, mesh.global_cells,
                               summary.scheme, summary.target));
  Log& log = folder.log();
  for (const std::string& words : mesh.remarks) log.say(words);
  if (generator.heat()) {
    log.say(
        "the temperature varies: d_t rho = div(D (grad(kT rho) + rho grad V)), along which no free "
        "energy falls; the column free_energy is int kT rho log rho + V rho, dissipation its "
        "fall, of either sign");
  } else if (drift) {
    log.say(
        "with a drift no free energy decays; the columns free_energy, dissipation and edi_gap "
        "are those of the energy without it");
  }
  if (problem.energy.external_only()) {
    log.say("external energies alone: the density moves down V, and nothing makes it diffuse");
  }
  if (absorbs) log.say("mass leaves through absorbing sides; the free energy leaves with it");
  if (generator.supplies()) log.say("mass comes in; the free energy of what comes in with it");
}

void RunOutput::Impl::complete(const Problem& problem, const State& state,
                               const RunOutcome& outcome) {
  fault_point("totals");
  const Mesh& mesh = problem.mesh;
  const auto density = std::span(state.density).first(static_cast<std::size_t>(mesh.owned));
  Summary& summary = folder.summary();
  summary.status = outcome.stopped ? "stopped" : "completed";
  if (outcome.stopped) summary.reason = words_for(record.now.stop);
  summary.totals = record.totals;
  summary.gibbs_distance = record.gibbs_distance;
  for (const auto& words : record.totals->warnings(promise)) folder.warn_at_end(words);
  if (const auto exact = exact_density(c, mesh, state.time)) {
    summary.error = error_norms(mesh, density, *exact);
  }
  summary.network = report_networks(problem.energy, mesh, density);
  if (summary.network) {
    for (const auto& words : summary.network->warnings(record.totals->mass_final)) {
      folder.warn_at_end(words);
    }
  }
  warn_of_the_end(problem, density);
  summary.fingerprint = fingerprint(mesh, density);
}

/// What the density at the end tells of the discretisation.
void RunOutput::Impl::warn_of_the_end(const Problem& problem, std::span<const double> density) {
  const bool proximal = c.section("time").has("weights");
  const Generator& generator = problem.generator;
  const auto warn = [&](const std::optional<std::string>& sentence) {
    if (sentence) folder.warn_at_end(*sentence);
  };
  warn(wall_caution(generator, density));
  if (proximal && c.section("time").has("step")) {
    warn(step_caution(generator, density, c.section("time").real("step")));
  } else if (!proximal && generator.linear()) {
    warn(diffusion_caution(generator, density));
  }
}

void RunOutput::Impl::say_goodbye(const RunOutcome& outcome) {
  const Summary& summary = folder.summary();
  const RunTotals& t = *summary.totals;
  Log& log = folder.log();
  if (summary.error) {
    log.say(fmt::format("error against the exact density: L1 {:.6e}  L2 {:.6e}  max {:.6e}",
                        summary.error->l1, summary.error->l2, summary.error->linf));
  }
  log.say(fmt::format("F {:.10g} -> {:.10g}, mass drift {:.1e}, min density {:.3g}",
                      t.energy_initial, t.energy_final, t.max_drift, t.min_density));
  log.say(fmt::format(
      "refused {}, fallbacks {}, shortest step {:.6g}, largest EDI gap {:.1e}{}", t.rejected,
      t.fallbacks, t.shortest_step, t.edi_gap,
      t.max_optimality >= 0 ? fmt::format(", largest optimality {:.1e}", t.max_optimality) : ""));
  log.say(fmt::format("{} at t = {:.6g} after {} steps in {:.2f} s{}{}",
                      outcome.stopped ? "stopped" : "done", t.time, t.steps,
                      seconds_since_program_start(), outcome.stopped ? ": " : "", summary.reason));
}

RunOutput::RunOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                     Resumption resumption, bool quiet) {
  comm.together([&] { check_output(c); });
  impl_.reset(new Impl{c, RunFolder(comm, std::move(folder), c, std::move(resumption), quiet)});
}

RunOutput::~RunOutput() = default;

Log& RunOutput::log() { return impl_->folder.log(); }
const std::filesystem::path& RunOutput::folder() const { return impl_->folder.path(); }
nlohmann::ordered_json& RunOutput::summary_extra() { return impl_->extra; }
void RunOutput::open() { impl_->folder.open(); }

void RunOutput::add_final_field(std::string name, std::vector<double> values) {
  impl_->final_fields.emplace_back(std::move(name), std::move(values));
}

void RunOutput::watch(const RunParts& run, std::vector<std::unique_ptr<Monitor>>& monitors) {
  Impl& o = *impl_;
  fault_point("watch");
  o.describe(run.problem, run.stepper);
  o.folder.take_cautions();
  monitors.push_back(
      std::make_unique<RunRecorder>(Watched{o.c, run, o.folder, o.record, o.final_fields}));
  o.folder.summary().spent.setup = seconds_since_program_start();
}

ExitStatus RunOutput::finish(const Problem& problem, const State& state,
                             const RunOutcome& outcome) {
  Impl& o = *impl_;
  Spent& spent = o.folder.summary().spent;
  const auto began = SteadyClock::now();
  spent.solve = seconds_since(o.record.loop_start) - o.record.output_seconds;
  o.complete(problem, state, outcome);
  std::vector<NamedField> fields{{"density", state.density}};
  for (const auto& [name, values] : o.final_fields) fields.push_back({name, values});
  write_final_state(o.folder.path() / "final.h5", problem.mesh, state.time, fields,
                    o.folder.provenance());
  spent.output = o.record.output_seconds + seconds_since(began);
  fault_point("summary");
  o.folder.take_cautions();
  o.folder.conclude(o.extra, [&] { o.say_goodbye(outcome); });
  return outcome.stopped ? ExitStatus::stopped : ExitStatus::done;
}

ExitStatus RunOutput::finish(const Mesh& mesh) {
  Impl& o = *impl_;
  o.folder.open();
  o.folder.take_cautions();
  Summary& summary = o.folder.summary();
  summary.status = "completed";
  summary.mesh = {o.c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  o.folder.conclude(o.extra, [] {});
  return ExitStatus::done;
}

void RunOutput::fail(const std::exception& error) noexcept {
  impl_->folder.summary().totals = impl_->record.totals;
  if (!impl_->folder.withdraw(error)) impl_->folder.fail(error, impl_->extra);
}

}  // namespace otto
