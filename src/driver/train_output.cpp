#include "otto/driver/train_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agreement.h"
#include "checkpoint_writer.h"
#include "otto/driver/fingerprint.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "run_history.h"

namespace otto {

namespace {

constexpr double default_minutes = 10;  // between checkpoints: iterations are dearer than steps

template <class Get>
Column<TrainRow> field(std::string name, Get get) {
  return {std::move(name), [get](const TrainRow& r, std::string& row) {
            fmt::format_to(std::back_inserter(row), "{}", get(r));
          }};
}

Columns<TrainRow> train_columns(bool heldout) {
  using Row = TrainRow;
  Columns<Row> columns{
      field("iteration", [](const Row& r) { return r.iteration; }),
      field("kl", [](const Row& r) { return r.kl; }),
      field("gradient_norm", [](const Row& r) { return r.gradient_norm; }),
      field("step", [](const Row& r) { return r.step; }),
      field("tau", [](const Row& r) { return r.tau; }),
      field("cg_iterations", [](const Row& r) { return r.cg_iterations; }),
      field("poisson_solves", [](const Row& r) { return r.poisson_solves; }),
      field("poisson_iterations", [](const Row& r) { return r.poisson_iterations; }),
      {"seconds", [](const Row& r, std::string& row) {
         fmt::format_to(std::back_inserter(row), "{:.3f}", r.seconds);
       }}};
  if (heldout) {
    columns.push_back({"heldout_log_likelihood", [](const Row& r, std::string& row) {
                         if (r.heldout) append_real(row, *r.heldout);
                       }});
  }
  return columns;
}

}  // namespace

struct TrainOutput::Impl {
  Impl(const Comm& world, const Case& whole, std::filesystem::path where, Resumption from)
      : comm(world), c(whole), folder(world, std::move(where), whole, std::move(from)) {}

  void open();
  void write_row(const TrainRow& row);
  void write_network(bool durable);

  Comm comm;
  Case c;
  RunFolder folder;
  Columns<TrainRow> columns;
  std::optional<HistoryWriter> history;
  const Mesh* mesh = nullptr;
  NetworkFiles files;
  std::optional<CheckpointWriter> checkpoints;
  std::optional<TrainRow> first;  ///< the row told before the folder opened
  SteadyClock::time_point began, told;
  TrainRow now;
  StopGuard::Reason stop = StopGuard::none;
};

/// Once; with the row that had to wait.
void TrainOutput::Impl::open() {
  folder.open();
  open_history(folder, *history);
  checkpoints->open();
  if (first) write_row(*std::exchange(first, std::nullopt));
}

void TrainOutput::Impl::write_row(const TrainRow& row) {
  const auto& from = folder.resumption().checkpoint;
  const bool written = from && row.iteration == from->step();  // before the run was resumed
  if (comm.is_root() && !written) history->add(row_of(columns, row));
}

void TrainOutput::Impl::write_network(bool durable) {
  comm.together([&] {
    if (!comm.is_root()) return;
    for (const NamedBytes& file : files()) {
      replace_file(folder.path() / file.name, file.bytes, durable);
    }
  });
}

TrainOutput::TrainOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                         Resumption resumption)
    : impl_(std::make_unique<Impl>(comm, c, std::move(folder), std::move(resumption))) {}

TrainOutput::~TrainOutput() = default;

Log& TrainOutput::log() { return impl_->folder.log(); }

const std::shared_ptr<const Checkpoint>& TrainOutput::checkpoint() const {
  return impl_->folder.resumption().checkpoint;
}

void TrainOutput::start(const Mesh& mesh, std::int64_t parameters, bool heldout,
                        const Remember& remember, NetworkFiles files) {
  Impl& o = *impl_;
  o.columns = train_columns(heldout);
  o.history.emplace(header_of(o.columns), "iterations", std::chrono::seconds(0));
  o.mesh = &mesh;
  o.files = std::move(files);
  o.folder.summary().mesh = {o.c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  o.folder.introduce(fmt::format("training by {}: {} parameters, {} cells in {} dimensions",
                                 o.c.section("train").text("objective"), parameters,
                                 mesh.global_cells, mesh.dimension));
  o.folder.take_cautions();
  const auto settle = [&o] {
    settle_history(o.folder, *o.history);
    o.write_network(true);
  };
  o.checkpoints.emplace(mesh, o.c.section("checkpoint"), o.folder, remember, settle,
                        default_minutes);
  if (o.folder.is_open()) o.open();
  o.began = o.told = SteadyClock::now();
  o.folder.summary().spent.setup = seconds_since_program_start();
}

bool TrainOutput::add(const TrainRow& row, long of, bool last) {
  Impl& o = *impl_;
  o.folder.guard().step_took(seconds_since(o.told));
  o.now = row;
  if (!o.folder.is_open()) {
    if (!o.first && !last) {  // nothing is touched before the first iteration is done
      o.first = row;
      o.told = SteadyClock::now();
      return false;
    }
    o.open();
  }
  o.write_row(row);
  const auto& trouble = o.history->trouble() ? o.history->trouble() : o.folder.log().trouble();
  const Agreement now = agree(o.comm, o.folder.guard(), o.checkpoints->due(row.iteration), trouble);
  if (!last) o.stop = now.stop;
  const bool stopping = o.stop != StopGuard::none;
  o.checkpoints->write(double(row.iteration), row.iteration, stopping || now.checkpoint, last);
  o.folder.log().live(fmt::format(
      "iteration {} of {}  KL {:.6e}  |g| {:.1e}  tau {:.1e}  CG {}  {:.0f} s", row.iteration, of,
      row.kl, row.gradient_norm, row.tau, row.cg_iterations, row.seconds));
  o.told = SteadyClock::now();
  return stopping;
}

ExitStatus TrainOutput::finish(std::span<const NamedField> fields,
                               const nlohmann::ordered_json& train) {
  Impl& o = *impl_;
  const auto start = SteadyClock::now();
  const bool stopped = o.stop != StopGuard::none;
  Summary& summary = o.folder.summary();
  summary.spent.solve = seconds_since(o.began);
  finish_history(o.folder, *o.history);
  o.write_network(false);
  write_final_state(o.folder.path() / "final.h5", *o.mesh, double(o.now.iteration), fields,
                    o.folder.provenance());
  summary.status = stopped ? "stopped" : "completed";
  summary.reason = words_for(o.stop);
  summary.fingerprint = fingerprint(*o.mesh, fields.front().values);
  summary.spent.output = seconds_since(start);
  o.folder.take_cautions();
  o.folder.conclude({{"train", train}}, [&] {
    o.folder.log().say(
        fmt::format("{} after {} iterations in {:.2f} s: KL {:.6e} on the training grid{}{}",
                    stopped ? "stopped" : "done", o.now.iteration, seconds_since_program_start(),
                    o.now.kl, stopped ? ": " : "", summary.reason));
  });
  return stopped ? ExitStatus::stopped : ExitStatus::done;
}

void TrainOutput::fail(const std::exception& error) noexcept {
  impl_->folder.fail(error, nlohmann::ordered_json::object());
}

}  // namespace otto
