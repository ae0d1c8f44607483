#include "otto/driver/train_output.h"

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>

#include "../io/csv_rows.h"
#include "otto/core/fault.h"
#include "otto/driver/fingerprint.h"
#include "otto/driver/stop_guard.h"
#include "otto/driver/summary.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "output_folder.h"
#include "run_monitor.h"

namespace otto {

namespace {

const std::string head =
    "iteration,kl,gradient_norm,step,tau,cg_iterations,poisson_solves,poisson_iterations,seconds\n";
constexpr double default_minutes = 10;  // between checkpoints
constexpr int checkpoint_due = 16, troubled = 32;

}  // namespace

struct TrainOutput::Impl {
  Impl(const Comm& world, const Case& whole, std::filesystem::path where, Resumption from)
      : comm(world), c(whole), folder(std::move(where)), resumption(std::move(from)), log(world) {}

  void open();
  void open_history();
  void write_row(const TrainRow& row);
  int agree(long iteration);
  void write_checkpoint(long iteration);
  void write_network(bool durable);
  void write_summary(const nlohmann::ordered_json* train);

  Comm comm;
  Case c;
  std::filesystem::path folder;
  Resumption resumption;
  Log log;
  StopGuard guard;
  Summary summary;
  GrowingFile history;
  const Mesh* mesh = nullptr;
  Remember remember;
  NetworkBytes bytes;
  std::optional<CheckpointFolder> checkpoints;
  std::optional<std::string> trouble;
  SteadyClock::time_point began, checkpoint_time, told;
  long checkpoint_row = 0, iteration = 0;
  double kl = 0;
  StopGuard::Reason stop = StopGuard::none;
};

void TrainOutput::Impl::open() {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit shows as an error of the write instead
  const std::string resolved = c.resolved();
  summary.provenance = collect_provenance(comm, resolved);
  comm.together([&] {
    if (!comm.is_root()) return;
    make_folder(folder);
    log.open(folder / "log.txt", resumption.checkpoint != nullptr);
    replace_file(folder / "case.resolved.toml", resolved);
  });
  summary.title = c.root().text("title");
  limit_wall_time(c, guard);
}

void TrainOutput::Impl::open_history() {
  const auto& from = resumption.checkpoint;
  std::string warning;
  comm.together([&] {
    if (!comm.is_root()) return;
    const auto file = folder / "history.csv";
    if (!from) {
      history.open(file);
      history.append(head);
      history.flush();
      return;
    }
    const auto other = from->stem().parent_path().parent_path() / "history.csv";
    std::error_code none;
    if (!std::filesystem::equivalent(other, file, none)) {
      std::filesystem::copy_file(other, file, std::filesystem::copy_options::overwrite_existing,
                                 none);
    }
    const RowExtent rows = row_extent(file, head, from->step(), "iterations");
    if (!rows.same_columns) {
      history.open(file);
      history.append(head);
      warning = file.string() + ": the earlier rows are not there";
    } else {
      history.open_at(file, rows.length);
      if (rows.last < from->step() || !rows.why_missing.empty()) {
        warning = file.string() + ": some earlier rows are missing";
      }
    }
  });
  if (!warning.empty()) log.warn(warning);
}

void TrainOutput::Impl::write_row(const TrainRow& r) {
  if (!comm.is_root() || trouble) return;
  try {
    history.append(fmt::format("{},{},{},{},{},{},{},{},{:.3f}\n", r.iteration, r.kl,
                               r.gradient_norm, r.step, r.tau, r.cg_iterations, r.poisson_solves,
                               r.poisson_iterations, r.seconds));
    history.flush();
  } catch (const std::exception& e) {
    trouble = e.what();
  }
}

int TrainOutput::Impl::agree(long row) {
  if (!trouble) trouble = log.trouble();
  const Section keys = c.section("checkpoint");
  bool due = keys.has("every_steps") && row > 0 && row % keys.integer("every_steps") == 0;
  if (comm.is_root()) {  // one clock
    const double minutes = keys.has("every_minutes") ? keys.real("every_minutes")
                           : keys.has("every_steps") ? INFINITY
                                                     : default_minutes;
    due = due || seconds_since(checkpoint_time) >= 60 * minutes;
  }
  int mine = guard.reason() | (trouble ? troubled : 0) | (due ? checkpoint_due : 0), all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_BOR, comm.handle());
  if ((all & troubled) != 0) {
    throw Error(ExitStatus::io, comm.broadcast(trouble.value_or("")), true);
  }
  return all;
}

void TrainOutput::Impl::write_network(bool durable) {
  comm.together([&] {
    if (comm.is_root()) replace_file(folder / "energy.pt", bytes(), durable);
  });
}

void TrainOutput::Impl::write_checkpoint(long row) {
  if (row == checkpoint_row && (checkpoints->wrote() || resumption.checkpoint)) return;
  const auto start = SteadyClock::now();
  comm.together([&] {
    if (comm.is_root()) history.flush(true);
  });
  write_network(true);
  const std::string name = checkpoints->write(double(row), row, remember);
  checkpoint_row = row;
  checkpoint_time = SteadyClock::now();
  guard.checkpoint_took(seconds_since(start));
  log.note(fmt::format("checkpoint {} at iteration {}", name, row));
}

void TrainOutput::Impl::write_summary(const nlohmann::ordered_json* train) {
  summary.spent.total = seconds_since_program_start();
  auto json = to_json(summary);
  if (train) json["train"] = *train;
  replace_file(folder / "summary.json", json.dump(2) + "\n");
}

TrainOutput::TrainOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                         Resumption resumption)
    : impl_(std::make_unique<Impl>(comm, c, std::move(folder), std::move(resumption))) {
  impl_->open();
}

TrainOutput::~TrainOutput() = default;

Log& TrainOutput::log() { return impl_->log; }

const std::shared_ptr<const Checkpoint>& TrainOutput::checkpoint() const {
  return impl_->resumption.checkpoint;
}

void TrainOutput::start(const Mesh& mesh, std::int64_t parameters, const Remember& remember,
                        NetworkBytes bytes) {
  Impl& o = *impl_;
  o.mesh = &mesh;
  o.remember = remember;
  o.bytes = std::move(bytes);
  o.summary.mesh = {o.c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  const Provenance& p = o.summary.provenance;
  o.log.say(fmt::format("Otto {} ({}) on {} {}: {}", p.version, p.revision, o.comm.size(),
                        o.comm.size() == 1 ? "rank" : "ranks",
                        o.summary.title.empty() ? o.c.file().string() : o.summary.title));
  o.log.say(fmt::format("training by {}: {} parameters, {} cells in {} dimensions; into {}",
                        o.c.section("train").text("objective"), parameters, mesh.global_cells,
                        mesh.dimension, o.folder.string()));
  make_room(o.comm, o.folder, o.resumption, o.log);
  const auto& from = o.resumption.checkpoint;
  if (from) {
    from->load(mesh, remember);
    o.checkpoint_row = from->step();
  }
  o.checkpoints.emplace(mesh, o.folder / "checkpoints", o.c.section("checkpoint").integer("keep"),
                        p, o.resumption.critical, from);
  o.open_history();
  o.began = o.checkpoint_time = o.told = SteadyClock::now();
  o.summary.spent.setup = seconds_since_program_start();
}

bool TrainOutput::add(const TrainRow& row, long of, bool last) {
  Impl& o = *impl_;
  o.guard.step_took(seconds_since(o.told));
  o.iteration = row.iteration;
  o.kl = row.kl;
  if (!(o.resumption.checkpoint && row.iteration == o.resumption.checkpoint->step())) {
    o.write_row(row);
  }
  const int wishes = o.agree(row.iteration);
  if (!last) o.stop = StopGuard::chosen(wishes);
  const bool stopping = o.stop != StopGuard::none;
  const bool at_end = last && (o.checkpoints->wrote() || o.resumption.checkpoint ||
                               o.c.section("checkpoint").present());
  if (stopping || at_end || (wishes & checkpoint_due) != 0) o.write_checkpoint(row.iteration);
  o.log.live(fmt::format("iteration {} of {}  KL {:.6e}  |g| {:.1e}  tau {:.1e}  CG {}  {:.0f} s",
                         row.iteration, of, row.kl, row.gradient_norm, row.tau, row.cg_iterations,
                         row.seconds));
  o.told = SteadyClock::now();
  return stopping;
}

ExitStatus TrainOutput::finish(std::span<const NamedField> fields,
                               const nlohmann::ordered_json& train) {
  Impl& o = *impl_;
  const auto start = SteadyClock::now();
  const bool stopped = o.stop != StopGuard::none;
  o.summary.spent.solve = seconds_since(o.began);
  o.write_network(false);
  write_final_state(o.folder / "final.h5", *o.mesh, double(o.iteration), fields,
                    o.summary.provenance);
  o.summary.status = stopped ? "stopped" : "completed";
  o.summary.reason = words_for(o.stop);
  o.summary.memory_mb = o.comm.sum(peak_memory_mb());
  o.summary.fingerprint = fingerprint(*o.mesh, fields.front().values);
  o.summary.spent.output = seconds_since(start);
  o.comm.together([&] {
    if (!o.comm.is_root()) return;
    o.log.say(fmt::format("{} after {} iterations in {:.2f} s: KL {:.6e} on the training grid{}{}",
                          stopped ? "stopped" : "done", o.iteration, seconds_since_program_start(),
                          o.kl, stopped ? ": " : "", o.summary.reason));
    if (o.log.trouble()) throw IoError(*o.log.trouble());
    o.write_summary(&train);
  });
  return stopped ? ExitStatus::stopped : ExitStatus::done;
}

void TrainOutput::fail(const std::exception& error) noexcept {
  Impl& o = *impl_;
  if (!o.comm.is_root()) return;
  try {
    o.summary.status = "failed";
    o.summary.reason = error.what();
    o.summary.memory_mb = peak_memory_mb();
    o.log.note("failed: " + o.summary.reason);
    o.write_summary(nullptr);
  } catch (const std::exception&) {
    // The disk may be what failed; the caller reports the error itself.
  }
}

}  // namespace otto
