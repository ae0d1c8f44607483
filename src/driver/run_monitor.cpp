#include "run_monitor.h"

#include <fmt/format.h>

#include <limits>

#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/driver/moments.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "checkpoint",
      .doc =
          "When a run writes checkpoints to go on from (--resume auto). A run that is stopped by a "
          "signal or by run.wall_minutes always leaves one."}},
    {{.path = "checkpoint.every_steps",
      .type = Type::integer,
      .doc = "Steps between checkpoints.",
      .range = {.least = 1}},
     {.path = "checkpoint.every_minutes",
      .doc = "Minutes between checkpoints; 30 where neither this nor `every_steps` is given.",
      .range = positive,
      .unit = "min"},
     {.path = "checkpoint.keep",
      .type = Type::integer,
      .doc = "Checkpoints kept; older ones go once a new one has been read back.",
      .fallback = "2",
      .range = {.least = 2}}}};

constexpr double default_minutes = 30;

/// pi = exp(-V/kT) is the density at rest: entropy and V alone, and nothing that drives a current.
bool has_gibbs_density(const Problem& problem) {
  return problem.energy.linear() && !problem.c.section("drift").present() &&
         !problem.generator.absorbs();
}

}  // namespace

RunMonitor::RunMonitor(const RunParts& run, const Surroundings& around)
    : run_(run),
      comm_(run.problem.mesh.comm),
      around_(around),
      record_(around.record),
      progress_(around.log, run.problem.c.section("time").real("start"),
                run.problem.c.section("time").real("end")),
      estimates_(run.stepper.estimates_error()),
      moments_(run.problem.c.section("output").flag("moments")),
      divided_(run.stepper.inner_steps() > 1) {
  const Case& c = run.problem.c;
  const Section checkpoint = c.section("checkpoint");
  if (checkpoint.has("every_steps")) every_steps_ = checkpoint.integer("every_steps");
  if (checkpoint.has("every_minutes")) every_seconds_ = 60 * checkpoint.real("every_minutes");
  if (every_steps_ == 0 && every_seconds_ == 0) every_seconds_ = 60 * default_minutes;
  if (has_gibbs_density(run.problem)) gibbs_.emplace(run.problem.generator);
  const auto& from = around.resumption.checkpoint;
  if (from) {
    run_.loop.control = make_control(run.problem, run.stepper);
    from->load(run.problem.mesh, [this](Archive& a) { remember(a); });
    checkpoint_step_ = from->step();
  }
  checkpoints_.emplace(run.problem.mesh, around.folder / "checkpoints", checkpoint.integer("keep"),
                       around.provenance, around.resumption.critical, from);
  open_history();
  open_series();
  checkpoint_time_ = record_.loop_start = SteadyClock::now();
}

void RunMonitor::remember(Archive& a) {
  const Resumption& from = around_.resumption;
  a.number("time", run_.state.time);
  a.cells_with_ghosts("density", run_.state.density);
  a.part("loop", run_.loop);
  if (!record_.totals) record_.totals.emplace();
  a.part("totals", *record_.totals);
  double distance = record_.gibbs_distance.value_or(-1);
  a.number("gibbs_distance", distance);
  if (gibbs_) record_.gibbs_distance = distance;
  a.numbers("series.times", times_);
  a.number("series.mesh", mesh_number_);
  a.number("series.ranks", mesh_ranks_);
  // Another scheme, or another way of choosing steps, starts with nothing to remember.
  if (a.loading() && (from.has_changed("time.scheme") || from.has_changed("time.adaptive"))) {
    run_.loop.control = make_control(run_.problem, run_.stepper);
    return;
  }
  a.part("stepper", run_.stepper);
}

void RunMonitor::open_history() {
  fault_point("open_history");
  std::vector<std::string> extra;
  if (estimates_) extra.emplace_back("error_estimate");
  if (gibbs_) extra.emplace_back("kl_gibbs");
  if (moments_) {
    for (auto& name : moment_names(run_.problem.mesh.dimension)) extra.push_back(std::move(name));
  }
  if (divided_) {
    for (const char* name : {"inner_newton_iterations", "inner_linear_iterations",
                             "transport_solves", "transport_sweeps"}) {
      extra.emplace_back(name);
    }
  }
  std::string warning;
  comm_.together([&] {
    if (!comm_.is_root()) return;
    const auto file = around_.folder / "history.csv";
    if (const auto& from = around_.resumption.checkpoint) {
      const auto folder = from->stem().parent_path().parent_path();
      std::error_code none;
      const bool here = std::filesystem::equivalent(folder, around_.folder, none);
      warning = history_.resume(file, here ? file : folder / "history.csv", extra, from->step());
    } else {
      history_.open(file, extra);
    }
  });
  if (!warning.empty()) around_.log.warn(warning);
}

void RunMonitor::open_series() {
  const Case& c = run_.problem.c;
  const std::string format = c.section("output").text("format");
  if (format == "none") return;
  const Resumption& from = around_.resumption;
  const auto folder = around_.folder / "fields";
  comm_.together([&] {
    if (comm_.is_root()) make_folder(folder);
  });
  fault_point("open_series");
  fields_.emplace(run_.problem);
  SeriesSubject subject{run_.problem.mesh, folder, fields_->fixed(), around_.provenance};
  if (from.checkpoint) {
    const auto other = from.checkpoint->stem().parent_path().parent_path();
    int here = 1;  // the root's view
    std::error_code none;
    if (comm_.is_root()) here = std::filesystem::equivalent(other, around_.folder, none) ? 1 : 0;
    MPI_Bcast(&here, 1, MPI_INT, 0, comm_.handle());
    if (here == 0 || from.has_changed("output.format")) times_.clear();
    if (comm_.is_root()) remove_series(folder, times_.size());
    // The files written so far need their mesh in the parts it had.
    const bool same = mesh_ranks_ == comm_.size() && !from.has_changed("output.fields");
    if (times_.empty())
      mesh_number_ = 0;
    else if (!same)
      mesh_number_ = static_cast<double>(times_.size());
  }
  mesh_ranks_ = comm_.size();
  if (mesh_number_ > 0) subject.mesh_file = fmt::format("mesh_{:04.0f}.hdf", mesh_number_);
  subject.earlier = times_;
  series_ = format == "vtk" ? make_xml_series(std::move(subject))
                            : make_vtkhdf_series(std::move(subject));
  if (from.checkpoint && times_.empty()) {  // nothing to continue: the series begins here
    write_fields(run_.state, run_.state.time);
    times_.push_back(run_.state.time);
  }
}

bool RunMonitor::after_step(const State& state, const StepRecord& r) {
  fault_point("monitor");
  if (told_) around_.guard.step_took(seconds_since(*told_));
  if (!record_.totals) record_.totals.emplace();
  record_.totals->add(r);
  add_row(state, r);
  const int wishes = agree(r.step);
  if (!r.last) record_.stop = StopGuard::chosen(wishes);
  const bool stopping = record_.stop != StopGuard::none, output = r.output_due || r.last;
  if (output) {
    write_fields(state, r.time);
    times_.push_back(r.time);
  }
  const bool at_end = r.last && (checkpoints_->wrote() || around_.resumption.checkpoint ||
                                 run_.problem.c.section("checkpoint").present());
  if (stopping || at_end || (wishes & checkpoint_due) != 0) write_checkpoint(r);
  // Where the run stops is no output time: what is written there is not part of the series that a
  // resumed run continues.
  if (stopping && !output) write_fields(state, r.time);
  progress_.after_step(r);
  told_ = SteadyClock::now();
  return !stopping;
}

void RunMonitor::add_row(const State& state, const StepRecord& r) {
  std::vector<double> extra;
  if (estimates_) {
    extra.push_back(r.error_estimate >= 0 ? r.error_estimate
                                          : std::numeric_limits<double>::quiet_NaN());
  }
  if (gibbs_) {
    record_.gibbs_distance = (*gibbs_)(state.density, r.ledger.mass);
    extra.push_back(*record_.gibbs_distance);
  }
  if (moments_) {
    const auto told = moments(run_.problem.mesh, state.density);
    extra.insert(extra.end(), told.begin(), told.end());
  }
  if (divided_) {
    for (const double count :
         {double(r.inner.newton_iterations), double(r.inner.linear_iterations),
          double(r.inner.transport_solves), double(r.inner.transport_sweeps)}) {
      extra.push_back(count);
    }
  }
  if (!comm_.is_root() || trouble_) return;
  try {
    history_.add(r, extra);
  } catch (const std::exception& e) {
    trouble_ = e.what();
  }
}

bool RunMonitor::checkpoint_wished(long step) const {
  if (step == 0 || step == checkpoint_step_) return false;
  if (every_steps_ > 0 && step % every_steps_ == 0) return true;
  if (!comm_.is_root()) return false;  // one clock
  // Under a wall time the first step is followed by one, which measures what it costs.
  if (around_.guard.limits_wall_time() && !checkpoints_->wrote()) return true;
  return every_seconds_ > 0 && seconds_since(checkpoint_time_) >= every_seconds_;
}

int RunMonitor::agree(long step) {
  if (!trouble_) trouble_ = around_.log.trouble();
  fault_point("agree");
  int mine = around_.guard.reason() | (trouble_ ? troubled : 0) |
             (checkpoint_wished(step) ? checkpoint_due : 0);
  int all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_BOR, comm_.handle());
  if ((all & troubled) != 0) {
    throw Error(ExitStatus::io, comm_.broadcast(trouble_.value_or("")), true);
  }
  return all;
}

void RunMonitor::write_fields(const State& state, double time) {
  if (!series_) return;
  fault_point("fields");
  const auto began = SteadyClock::now();
  series_->write(time, fields_->of(state));
  around_.guard.output_took(seconds_since(began));
  record_.output_seconds += seconds_since(began);
}

void RunMonitor::write_checkpoint(const StepRecord& r) {
  if (r.step == checkpoint_step_) return;
  const auto began = SteadyClock::now();
  // First what the checkpoint takes for written.
  comm_.together([&] {
    if (comm_.is_root()) history_.flush(true);
  });
  if (series_) series_->finish();
  const std::string name = checkpoints_->write(r.time, r.step, [this](Archive& a) { remember(a); });
  checkpoint_step_ = r.step;
  checkpoint_time_ = SteadyClock::now();
  around_.guard.checkpoint_took(seconds_since(began));
  record_.output_seconds += seconds_since(began);
  around_.log.note(fmt::format("checkpoint {} at step {}, t = {:.9g}, in {:.2f} s", name, r.step,
                               r.time, seconds_since(began)));
}

void RunMonitor::finish(const State&, const StepRecord&) {
  fault_point("finish");
  comm_.together([&] {
    if (!comm_.is_root()) return;
    if (trouble_) throw IoError(*trouble_);
    history_.flush();
  });
  if (series_) series_->finish();
}

}  // namespace otto
