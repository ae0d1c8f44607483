#include "particle_output.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agreement.h"
#include "otto/io/files.h"
#include "run_history.h"

namespace otto {

namespace {

constexpr double default_minutes = 10;  ///< between checkpoints

Column<ParticleRow> real(std::string name, double ParticleRow::*member) {
  return {std::move(name),
          [member](const ParticleRow& r, std::string& row) { append_real(row, r.*member); }};
}

Columns<ParticleRow> all_columns() {
  using Row = ParticleRow;
  return {{"iteration",
           [](const Row& r, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{}", r.iteration);
           }},
          real("gap", &Row::gap),
          real("gradient_norm", &Row::gradient_norm),
          real("acceptance", &Row::acceptance),
          real("step", &Row::step),
          real("heldout_log_likelihood", &Row::heldout),
          real("log_z", &Row::log_z),
          real("kl", &Row::kl),
          real("effective_size", &Row::effective),
          real("tracked_log_z", &Row::tracked_log_z),
          {"seconds", [](const Row& r, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{:.3f}", r.seconds);
           }}};
}

Mesh no_mesh(const Comm& comm) {
  Mesh mesh(comm);
  mesh.dimension = 1;
  return mesh;
}

}  // namespace

ParticleOutput::ParticleOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                               Resumption resumption)
    : mesh_(no_mesh(comm)),
      c_(c),
      folder_(comm, std::move(folder), c, std::move(resumption)),
      columns_(all_columns()),
      history_(header_of(columns_), "iterations") {}

void ParticleOutput::start(const std::string& words, const Remember& remember) {
  folder_.introduce(
      fmt::format("training by {}: {}", c_.section("train").text("objective"), words));
  folder_.take_cautions();
  const auto settle = [this] { settle_history(folder_, history_); };
  checkpoints_.emplace(mesh_, c_.section("checkpoint"), folder_, remember, settle, default_minutes);
  folder_.summary().spent.setup = seconds_since_program_start();
  began_ = told_ = SteadyClock::now();
}

void ParticleOutput::open() {
  if (std::exchange(open_, true)) return;
  folder_.open();
  open_history(folder_, history_);
  checkpoints_->open();
  if (mesh_.comm.is_root() && !folder_.resumption().checkpoint) {
    history_.add(row_of(columns_, ParticleRow{}));
  }
}

bool ParticleOutput::add(const ParticleRow& row, std::int64_t of, bool last) {
  folder_.guard().step_took(seconds_since(told_));
  open();
  if (mesh_.comm.is_root()) history_.add(row_of(columns_, row));
  const auto& trouble = history_.trouble() ? history_.trouble() : folder_.log().trouble();
  const Agreement now =
      agree(mesh_.comm, folder_.guard(), checkpoints_->due(row.iteration), trouble);
  if (!last) stop_ = now.stop;
  const bool stopping = stop_ != StopGuard::none;
  checkpoints_->write(double(row.iteration), row.iteration, stopping || now.checkpoint, last);
  std::string words = fmt::format("iteration {} of {}", row.iteration, of);
  if (!std::isnan(row.gap)) words += fmt::format("  gap {:+.3e}", row.gap);
  words += fmt::format("  |g| {:.1e}", row.gradient_norm);
  if (!std::isnan(row.acceptance)) words += fmt::format("  accepted {:.2f}", row.acceptance);
  folder_.log().live(fmt::format("{}  {:.0f} s", words, row.seconds));
  told_ = SteadyClock::now();
  return stopping;
}

ExitStatus ParticleOutput::finish(const std::function<std::string()>& bytes,
                                  const nlohmann::ordered_json& train) {
  open();
  finish_history(folder_, history_);
  const bool stopped = stop_ != StopGuard::none;
  folder_.summary().spent.solve = seconds_since(began_);
  mesh_.comm.together([&] {
    if (!mesh_.comm.is_root()) return;
    replace_file(folder_.path() / "energy.pt", bytes(), false);
  });
  folder_.summary().status = stopped ? "stopped" : "completed";
  folder_.summary().reason = words_for(stop_);
  folder_.take_cautions();
  folder_.conclude({{"train", train}}, [&] {
    folder_.log().say(fmt::format("{} after {} iterations in {:.2f} s{}{}",
                                  stopped ? "stopped" : "done", train["iterations"].get<long>(),
                                  seconds_since_program_start(), stopped ? ": " : "",
                                  folder_.summary().reason));
  });
  return stopped ? ExitStatus::stopped : ExitStatus::done;
}

void ParticleOutput::fail(const std::exception& error) noexcept {
  folder_.fail(error, nlohmann::ordered_json::object());
}

}  // namespace otto
