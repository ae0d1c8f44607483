#include "run_monitor.h"

#include "otto/core/error.h"

namespace otto {

namespace {

/// pi = exp(-V/kT) is the density at rest: an entropy, and nothing that drives a current.
bool has_gibbs_density(const Problem& problem) {
  return problem.generator.temperature() > 0 && !problem.c.section("drift").present() &&
         !problem.generator.absorbs();
}

}  // namespace

RunMonitor::RunMonitor(const Problem& problem, const Stepper& stepper,
                       const std::filesystem::path& folder, const Provenance& provenance, Log& log,
                       StopGuard& guard, RunRecord& record)
    : problem_(problem),
      log_(log),
      guard_(guard),
      record_(record),
      progress_(log, problem.c.section("time").real("end")),
      estimates_(stepper.estimates_error()) {
  if (has_gibbs_density(problem)) gibbs_.emplace(problem.generator);
  problem.mesh.comm.together([&] {
    if (problem.mesh.comm.is_root()) open_history(folder, stepper);
  });
  open_series(folder / "fields", provenance);
}

void RunMonitor::open_history(const std::filesystem::path& folder, const Stepper& stepper) {
  std::vector<std::string> extra;
  if (stepper.estimates_error()) extra.emplace_back("error_estimate");
  if (gibbs_) extra.emplace_back("kl_gibbs");
  history_.open(folder / "history.csv", extra);
}

void RunMonitor::open_series(const std::filesystem::path& folder, const Provenance& provenance) {
  const std::string format = problem_.c.section("output").text("format");
  if (format == "none") return;
  const Comm& comm = problem_.mesh.comm;
  comm.together([&] {
    if (comm.is_root()) make_folder(folder);
  });
  fields_.emplace(problem_);
  SeriesSubject subject{problem_.mesh, folder, fields_->fixed(), provenance};
  series_ = format == "vtk" ? make_xml_series(std::move(subject))
                            : make_vtkhdf_series(std::move(subject));
}

bool RunMonitor::after_step(const State& state, const StepRecord& r) {
  if (told_) guard_.step_took(seconds_since(*told_));
  if (!record_.loop_start) record_.loop_start = SteadyClock::now();
  if (!record_.totals) record_.totals.emplace();
  record_.totals->add(r);
  add_row(state, r);
  if (!r.last) record_.stop = agree();
  const bool stopping = record_.stop != StopGuard::none;
  if (r.output_due || r.last || stopping) write_fields(state, r.time);
  progress_.after_step(r);
  told_ = SteadyClock::now();
  return !stopping;
}

void RunMonitor::add_row(const State& state, const StepRecord& r) {
  std::array<double, 2> extra{};
  std::size_t n = 0;
  if (estimates_) {
    extra[n++] =
        r.error_estimate >= 0 ? r.error_estimate : std::numeric_limits<double>::quiet_NaN();
  }
  if (gibbs_) {
    record_.gibbs_distance = (*gibbs_)(state.density, r.ledger.mass);
    extra[n++] = *record_.gibbs_distance;
  }
  if (!problem_.mesh.comm.is_root() || trouble_) return;
  try {
    history_.add(r, std::span(extra).first(n));
  } catch (const std::exception& e) {
    trouble_ = e.what();
  }
}

StopGuard::Reason RunMonitor::agree() {
  const Comm& comm = problem_.mesh.comm;
  constexpr int troubled = 4;
  if (!trouble_) trouble_ = log_.trouble();
  int mine = guard_.reason() | (trouble_ ? troubled : 0), all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_BOR, comm.handle());
  if ((all & troubled) != 0) throw IoError(comm.broadcast(trouble_.value_or("")));
  if ((all & StopGuard::signal) != 0) return StopGuard::signal;
  return (all & StopGuard::wall_time) != 0 ? StopGuard::wall_time : StopGuard::none;
}

void RunMonitor::write_fields(const State& state, double time) {
  if (!series_) return;
  const auto began = SteadyClock::now();
  series_->write(time, fields_->of(state));
  guard_.output_took(seconds_since(began));
  record_.output_seconds += seconds_since(began);
}

void RunMonitor::finish(const State&, const StepRecord&) {
  problem_.mesh.comm.together([&] {
    if (!problem_.mesh.comm.is_root()) return;
    if (trouble_) throw IoError(*trouble_);
    history_.flush();
  });
  if (series_) series_->finish();
}

}  // namespace otto
