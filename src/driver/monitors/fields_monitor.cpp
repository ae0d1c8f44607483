#include "fields_monitor.h"

#include <fmt/format.h>

#include "../run_history.h"
#include "otto/core/fault.h"
#include "otto/io/files.h"

namespace otto {

FieldsMonitor::FieldsMonitor(const Watched& watched)
    : watched_(watched),
      mesh_(watched.run.problem.mesh),
      format_(watched.c.section("output").text("format")),
      path_(watched.folder.path() / "fields") {}

void FieldsMonitor::remember(Archive& a) {
  a.numbers("series.times", times_);
  a.number("series.mesh", mesh_number_);
  a.number("series.ranks", mesh_ranks_);
}

/// Which of the earlier files stay, and which mesh the new ones have.
void FieldsMonitor::fit_series_to_resumption() {
  const Resumption& from = watched_.folder.resumption();
  const Comm& comm = mesh_.comm;
  int here = 1;  // the root's view
  std::error_code none;
  if (comm.is_root()) {
    const auto earlier = folder_of(*from.checkpoint);
    here = std::filesystem::equivalent(earlier, watched_.folder.path(), none) ? 1 : 0;
  }
  MPI_Bcast(&here, 1, MPI_INT, 0, comm.handle());
  if (here == 0 || from.has_changed("output.format")) times_.clear();
  if (comm.is_root()) remove_series(path_, times_.size());
  // The files written so far need their mesh in the parts it had.
  const bool same = mesh_ranks_ == comm.size() && !from.has_changed("output.fields");
  if (times_.empty())
    mesh_number_ = 0;
  else if (!same)
    mesh_number_ = static_cast<double>(times_.size());
}

void FieldsMonitor::open(const State& start) {
  if (format_ == "none") return;
  mesh_.comm.together([&] {
    if (mesh_.comm.is_root()) make_folder(path_);
  });
  fault_point("open_series");
  fields_.emplace(watched_.run.problem, watched_.c.section("output").texts("fields"));
  SeriesSubject subject{mesh_, path_, fields_->fixed(), watched_.folder.provenance()};
  for (const auto& [name, values] : watched_.results) subject.fixed.push_back({name, values});
  const bool resumed = watched_.folder.resumption().checkpoint != nullptr;
  if (resumed) fit_series_to_resumption();
  mesh_ranks_ = mesh_.comm.size();
  if (mesh_number_ > 0) subject.mesh_file = fmt::format("mesh_{:04.0f}.hdf", mesh_number_);
  subject.earlier = times_;
  series_ = format_ == "vtk" ? make_xml_series(std::move(subject))
                             : make_vtkhdf_series(std::move(subject));
  if (resumed && times_.empty()) {  // nothing to continue: the series begins here
    write(start, start.time);
    times_.push_back(start.time);
  }
}

bool FieldsMonitor::after_step(const State& state, const StepRecord& r) {
  if (!r.output_due && !r.last) return true;
  write(state, r.time);
  times_.push_back(r.time);
  return true;
}

void FieldsMonitor::write(const State& state, double time) {
  if (!series_) return;
  fault_point("fields");
  const auto began = SteadyClock::now();
  series_->write(time, fields_->of(state));
  watched_.folder.guard().output_took(seconds_since(began));
  watched_.record.output_seconds += seconds_since(began);
}

void FieldsMonitor::settle() {
  if (series_) series_->finish();
}

// Where the run stops is no output time: what is written there is not part of the series that a
// resumed run continues, and so comes after the checkpoint.
void FieldsMonitor::finish(const State& state, const StepRecord& last) {
  const bool stopped = watched_.record.now.stop != StopGuard::none;
  if (stopped && !last.output_due && !last.last) write(state, last.time);
  settle();
}

}  // namespace otto
