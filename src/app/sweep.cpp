// `otto sweep`: a case run over values of its keys, one folder each, and a table of the figures.

#include "sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "otto/app/setup.h"
#include "otto/driver/run_folder.h"
#include "otto/driver/run_output.h"
#include "otto/io/files.h"
#include "otto/network/network_module.h"

namespace otto {

namespace {

/// As the root sees it, for every rank; "" where there is none.
std::string content_of(const Comm& comm, const std::filesystem::path& file) {
  std::stringstream text;
  if (comm.is_root()) text << std::ifstream(file).rdbuf();
  return comm.broadcast(text.str());
}

class Sweep {
 public:
  Sweep(const Comm& comm, const RunOptions& options, const SweepOptions& sweep)
      : comm_(comm), options_(options), sweep_(sweep), runs_(sweep_runs(sweep.axes)) {
    const Case base = case_of(comm_, options_);
    path_ = output_folder(options_);
    find_earlier();
    folder_.emplace(comm_, path_, base);
    folder_->open();
    if (folder_->summary().title.empty()) folder_->summary().title = base.file().string();
  }

  ExitStatus run() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].status != "completed") due_.push_back(i);
    }
    folder_->introduce(
        fmt::format("{} runs, {} of them done before", runs_.size(), runs_.size() - due_.size()));
    write_so_far();
    const bool processes = comm_.size() == 1 && !started_by_launcher();
    processes ? run_in_processes() : run_in_turn();
    return conclude();
  }

 private:
  /// Reads every case and sets the first one up, so that what is wrong is met before anything runs,
  /// and looks for what an earlier sweep has left: a run is the same one if its case, with all keys
  /// resolved, is.
  void find_earlier() {
    const Case first = case_of(comm_, options_, settings(runs_.front()));
    check_output(first);
    (void)Setup(comm_, first);
    for (SweepRun& run : runs_) {
      const Case c = case_of(comm_, options_, settings(run));
      const auto folder = path_ / run.name;
      run.resumable = content_of(comm_, folder / "case.resolved.toml") == c.resolved();
      if (!run.resumable) continue;
      read_sweep_summary(run, content_of(comm_, folder / "summary.json"));
      if (run.status != "completed") run = {run.values, run.settings, run.name, true};
    }
  }

  [[nodiscard]] std::vector<std::string> settings(const SweepRun& run) const {
    std::vector<std::string> all = options_.settings;
    all.insert(all.end(), run.settings.begin(), run.settings.end());
    return all;
  }

  /// The words of `otto run` for it.
  [[nodiscard]] std::vector<std::string> arguments(const SweepRun& run) const {
    std::vector<std::string> words{"run", options_.case_file.string(), "-o",
                                   (path_ / run.name).string()};
    for (const auto& setting : settings(run)) words.insert(words.end(), {"--set", setting});
    if (run.resumable) words.insert(words.end(), {"--resume", "auto"});
    const Programs programs = treatment_of_programs();
    if (programs == Programs::refuse) words.emplace_back("--no-code");
    if (programs == Programs::confine) words.emplace_back("--sandbox");
    if (!options_.petsc_words.empty()) words.emplace_back("--");
    words.insert(words.end(), options_.petsc_words.begin(), options_.petsc_words.end());
    return words;
  }

  void run_in_processes() {
    std::vector<std::vector<std::string>> all;
    for (const std::size_t i : due_) all.push_back(arguments(runs_[i]));
    run_processes(
        all, sweep_.jobs, [&] { return stopping(); },
        [&](std::size_t k, int status, const std::string& reason) {
          finish(runs_[due_[k]], status, reason);
        });
  }

  /// Within this program, on all its ranks.
  void run_in_turn() {
    for (const std::size_t i : due_) {
      SweepRun& run = runs_[i];
      if (stopping()) return;
      RunOptions options = options_;
      options.output = path_ / run.name;
      options.settings = settings(run);
      options.resume.from = run.resumable ? "auto" : "";
      options.quiet = true;
      int status = 0;
      std::string reason;
      try {
        status = run_command(options);
      } catch (const std::exception& e) {
        const Error error = as_error(e);
        if (!error.agreed() && comm_.size() > 1) throw;  // the other ranks may be elsewhere
        status = int(error.status());
        reason = error.what();
      }
      finish(run, status, reason);
    }
  }

  [[nodiscard]] bool stopping() const {
    return comm_.max(folder_->guard().reason() != StopGuard::none ? 1.0 : 0.0) > 0;
  }

  void finish(SweepRun& run, int status, const std::string& reason) {
    run.status = run.reason = "";
    read_sweep_summary(run, content_of(comm_, path_ / run.name / "summary.json"));
    if (status != 0 && status != int(ExitStatus::stopped)) {
      worst_ = worst_ != 0 ? worst_ : status;
      run.status = "failed";
      if (!reason.empty()) run.reason = reason;
      if (run.reason.empty()) run.reason = fmt::format("otto run ended with status {}", status);
    }
    ++finished_;
    folder_->log().say(fmt::format("{:>4} of {}  {}: {}{}", finished_, due_.size(), run.name,
                                   run.status, run.reason.empty() ? "" : ": " + run.reason));
    write_so_far();
  }

  ExitStatus conclude() {
    const auto of = [&](const char* status) {
      return std::ranges::count(runs_, status, &SweepRun::status);
    };
    const auto completed = of("completed"), failed = of("failed");
    if (std::size_t(completed + failed) < runs_.size()) {
      const std::string reason =
          fmt::format("{} of {} runs are not done; the same command goes on",
                      runs_.size() - std::size_t(completed + failed), runs_.size());
      write("stopped", reason);
      folder_->log().say("stopped: " + reason);
      return ExitStatus::stopped;
    }
    const std::string reason =
        failed > 0 ? fmt::format("{} of {} runs failed", failed, runs_.size()) : "";
    write(failed > 0 ? "failed" : "completed", reason);
    folder_->log().say(fmt::format("{}; table in {}", failed > 0 ? reason : "done",
                                   (path_ / "sweep.csv").string()));
    const bool known = worst_ >= int(ExitStatus::bad_input) && worst_ <= int(ExitStatus::internal);
    return failed == 0 ? ExitStatus::done : known ? ExitStatus(worst_) : ExitStatus::internal;
  }

  void write_so_far() {
    describe("stopped", "");
    folder_->conclude_so_far(part(), [&] { write_tables(); });
  }

  void write(const std::string& status, const std::string& reason) {
    describe(status, reason);
    folder_->conclude(part(), [&] { write_tables(); });
  }

  void describe(const std::string& status, const std::string& reason) {
    folder_->summary().status = status;
    folder_->summary().reason = reason;
  }

  [[nodiscard]] nlohmann::ordered_json part() const {
    const auto done = std::ranges::count(runs_, "completed", &SweepRun::status);
    return {{"sweep", {{"runs", runs_.size()}, {"completed", done}}}};
  }

  void write_tables() {
    replace_file(path_ / "sweep.csv", sweep_csv(sweep_.axes, runs_));
    replace_file(path_ / "sweep.md", sweep_markdown(folder_->summary().title, sweep_.axes, runs_));
  }

  Comm comm_;
  RunOptions options_;
  SweepOptions sweep_;
  std::filesystem::path path_;
  std::vector<SweepRun> runs_;
  std::optional<RunFolder> folder_;
  std::vector<std::size_t> due_;
  std::size_t finished_ = 0;
  int worst_ = 0;  ///< first exit status of a run that failed
};

}  // namespace

int sweep_command(const RunOptions& options, const SweepOptions& sweep) {
  const Comm world = command_comm();
  if (sweep.jobs > 1 && (world.size() > 1 || started_by_launcher())) {
    throw InputError(fmt::format(
        "command line: --jobs {}: under mpirun every run takes all ranks, one after the other; "
        "start 'otto sweep' without mpirun to have several at a time",
        sweep.jobs));
  }
  return static_cast<int>(Sweep(world, options, sweep).run());
}

}  // namespace otto
