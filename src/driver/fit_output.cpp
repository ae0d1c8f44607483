#include "otto/driver/fit_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "agreement.h"
#include "checkpoint_writer.h"
#include "otto/driver/fingerprint.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "otto/io/h5_writer.h"
#include "otto/mesh/global_order.h"
#include "run_history.h"

namespace otto {

namespace {

constexpr double default_minutes = 5;  // between checkpoints: steps are dear

struct TimedRow {
  NewtonRow row;
  double seconds = 0;
};

template <class Get>
Column<TimedRow> field(std::string name, Get get) {
  return {std::move(name), [get](const TimedRow& r, std::string& row) {
            fmt::format_to(std::back_inserter(row), "{}", get(r.row));
          }};
}

Columns<TimedRow> fit_columns() {
  using Row = NewtonRow;
  return {field("iteration", [](const Row& r) { return r.iteration; }),
          field("prior", [](const Row& r) { return r.prior; }),
          field("objective", [](const Row& r) { return r.objective; }),
          field("misfit", [](const Row& r) { return r.misfit; }),
          field("gradient", [](const Row& r) { return r.gradient; }),
          field("step", [](const Row& r) { return r.step; }),
          field("cg_iterations", [](const Row& r) { return r.cg_iterations; }),
          field("linear_solves", [](const Row& r) { return r.solves; }),
          field("limiter_change", [](const Row& r) { return r.limiter_change; }),
          {"wall_seconds", [](const TimedRow& r, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{:.3f}", r.seconds);
           }}};
}

}  // namespace

struct FitOutput::Impl {
  Impl(const Comm& world, const Case& whole, std::filesystem::path where, Resumption from)
      : comm(world),
        c(whole),
        folder(world, std::move(where), whole, std::move(from)),
        columns(fit_columns()),
        history(header_of(columns), "iterations", std::chrono::seconds(0), 1) {}

  Comm comm;
  Case c;
  RunFolder folder;
  Columns<TimedRow> columns;
  HistoryWriter history;
  const Mesh* mesh = nullptr;
  std::optional<CheckpointWriter> checkpoints;
  SteadyClock::time_point began = SteadyClock::now(), told = began;
  NewtonRow now;
  StopGuard::Reason stop = StopGuard::none;
  bool history_open = false;

  void open() {
    folder.open();
    if (history_open) return;
    history_open = true;
    open_history(folder, history);
    if (checkpoints) checkpoints->open();
  }
};

FitOutput::FitOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                     Resumption resumption)
    : impl_(std::make_unique<Impl>(comm, c, std::move(folder), std::move(resumption))) {}

FitOutput::~FitOutput() = default;

Log& FitOutput::log() { return impl_->folder.log(); }
bool FitOutput::resumed() const { return impl_->folder.resumption().checkpoint != nullptr; }
const std::filesystem::path& FitOutput::path() const { return impl_->folder.path(); }
void FitOutput::warn(const std::string& sentence) { impl_->folder.warn(sentence); }
void FitOutput::open() { impl_->open(); }
int FitOutput::steps() const { return impl_->now.iteration; }

void FitOutput::introduce(const Mesh& mesh, const std::string& what) {
  Impl& o = *impl_;
  o.mesh = &mesh;
  o.folder.summary().mesh = {o.c.section("mesh").text("kind"), mesh.dimension, mesh.global_cells};
  o.folder.introduce(what);
  o.folder.take_cautions();
}

void FitOutput::start(const Mesh& mesh, const Remember& remember) {
  Impl& o = *impl_;
  const auto settle = [&o] { settle_history(o.folder, o.history); };
  const auto with_last_row = [&o, remember](Archive& a) {
    remember(a);
    if (a.loading() && !a.holds("steps")) return;  // of an earlier version
    a.number("steps", o.now.iteration);
    a.number("misfit", o.now.misfit);
  };
  o.checkpoints.emplace(mesh, o.c.section("checkpoint"), o.folder, with_last_row, settle,
                        default_minutes);
  o.folder.summary().spent.setup = seconds_since_program_start();
  o.began = o.told = SteadyClock::now();
}

bool FitOutput::add(const NewtonRow& row, bool last) {
  Impl& o = *impl_;
  o.folder.guard().step_took(seconds_since(o.told));
  o.now = row;
  o.open();
  if (o.comm.is_root()) o.history.add(row_of(o.columns, TimedRow{row, seconds_since(o.began)}));
  const auto& trouble = o.history.trouble() ? o.history.trouble() : o.folder.log().trouble();
  const Agreement now = agree(o.comm, o.folder.guard(), o.checkpoints->due(row.iteration), trouble);
  o.stop = now.stop;
  const bool stopping = o.stop != StopGuard::none;
  o.checkpoints->write(double(row.iteration), row.iteration, stopping || now.checkpoint, last);
  o.folder.log().live(
      fmt::format("Newton step {}: prior {:.2e}  misfit {:.6e}  |g| {:.1e}  step {:.3g}  CG {}",
                  row.iteration, row.prior, row.misfit, row.gradient, row.step, row.cg_iterations));
  o.told = SteadyClock::now();
  return stopping;
}

bool FitOutput::stop_asked() {
  Impl& o = *impl_;
  o.stop = agree(o.comm, o.folder.guard(), false, o.folder.log().trouble()).stop;
  return o.stop != StopGuard::none;
}

ExitStatus FitOutput::stop_between() {
  Impl& o = *impl_;
  o.open();
  const long step = o.now.iteration;
  if (step > 0) o.checkpoints->write(double(step), step, true, false);
  return finish({{"iterations", step}}, {});
}

void FitOutput::write_V(std::span<const FitField> fields) {
  const Mesh& mesh = *impl_->mesh;
  const GlobalOrder order(mesh);
  const auto n = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  std::vector<double> centers(n * d);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t a = 0; a < d; ++a) centers[i * d + a] = mesh.center[i][a];
  }
  centers = order.to_slab(centers, mesh.dimension);
  std::vector<std::vector<double>> slabs;
  for (const FitField& f : fields) slabs.push_back(order.to_slab(f.values, std::max(f.columns, 1)));
  H5Plan plan;
  plan.group("/cells");
  add_provenance(plan, impl_->folder.provenance());
  plan.dataset("/cells/center", std::span<const double>(centers), mesh.dimension);
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    plan.dataset("/cells/" + fields[i].name, std::span<const double>(slabs[i]), fields[i].columns);
  }
  write_h5(mesh.comm, path() / "V.h5", plan, true);
}

void FitOutput::write_curves(const std::string& name, std::span<const FitCurve> curves) {
  H5Plan plan;
  add_provenance(plan, impl_->folder.provenance());
  for (const FitCurve& curve : curves) {
    const std::span<const double> values =
        impl_->comm.is_root() ? std::span<const double>(curve.values) : std::span<const double>();
    plan.dataset("/" + curve.name, values, 0);
  }
  write_h5(impl_->comm, path() / name, plan, true);
}

void FitOutput::write_text(const std::string& name, const std::string& text) {
  impl_->comm.together([&] {
    if (impl_->comm.is_root()) replace_file(path() / name, text, false);
  });
}

void FitOutput::write_files(const std::function<std::vector<NamedBytes>()>& files) {
  impl_->comm.together([&] {
    if (!impl_->comm.is_root()) return;
    for (const NamedBytes& file : files()) replace_file(path() / file.name, file.bytes, false);
  });
}

void FitOutput::write_density(const std::string& name, double time,
                              std::span<const NamedField> fields) {
  write_final_state(path() / name, *impl_->mesh, time, fields, impl_->folder.provenance());
}

ExitStatus FitOutput::finish(const nlohmann::ordered_json& fit, std::span<const double> density) {
  Impl& o = *impl_;
  o.open();
  finish_history(o.folder, o.history);
  const bool stopped = o.stop != StopGuard::none;
  Summary& summary = o.folder.summary();
  summary.spent.solve = seconds_since(o.began);
  summary.status = stopped ? "stopped" : "completed";
  summary.reason = words_for(o.stop);
  if (!density.empty()) summary.fingerprint = fingerprint(*o.mesh, density);
  o.folder.take_cautions();
  o.folder.conclude({{"fit", fit}}, [&] {
    o.folder.log().say(fmt::format("{} after {} Newton steps in {:.2f} s: misfit {:.6e}{}{}",
                                   stopped ? "stopped" : "done", o.now.iteration,
                                   seconds_since_program_start(), o.now.misfit, stopped ? ": " : "",
                                   summary.reason));
  });
  return stopped ? ExitStatus::stopped : ExitStatus::done;
}

void FitOutput::fail(const std::exception& error) noexcept {
  impl_->folder.fail(error, nlohmann::ordered_json::object());
}

}  // namespace otto
