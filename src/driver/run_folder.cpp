#include "otto/driver/run_folder.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "earlier_run.h"
#include "folder_lock.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/io/files.h"

namespace otto {

namespace fs = std::filesystem;

namespace {

auto program_start = SteadyClock::now();  // static objects are made before main

/// Device and file number; zeros where there is no such folder.
std::pair<std::uintmax_t, std::uintmax_t> identity_of(const fs::path& folder) {
  struct stat found {};
  if (stat(folder.c_str(), &found) != 0) return {0, 0};
  return {found.st_dev, found.st_ino};
}

std::string kept_in(const std::string& folder) {
  return fmt::format("the results of the last run in this folder are kept in {}", folder);
}

/// A name as it stands in summary.json, where what is no UTF-8 is replaced.
std::string as_text(const std::string& name) {
  using Json = nlohmann::json;
  return Json::parse(Json(name).dump(-1, ' ', false, Json::error_handler_t::replace))
      .get<std::string>();
}

}  // namespace

double seconds_since_program_start() { return seconds_since(program_start); }

void restart_program_clock() { program_start = SteadyClock::now(); }

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

RunFolder::RunFolder(const Comm& comm, fs::path folder, const Case& c, Resumption resumption,
                     bool quiet)
    : comm_(comm),
      path_(std::move(folder)),
      resumption_(std::move(resumption)),
      resolved_(c.resolved()),
      log_(comm, quiet) {
  summary_.provenance = collect_provenance(comm, resolved_);
  summary_.title = c.root().text("title");
  summary_.case_file = as_text(fs::absolute(c.file()).lexically_normal().string());
  const Section run = c.section("run");
  if (run.has("wall_minutes")) {
    guard_.limit_wall_time(program_start, 60 * run.real("wall_minutes"));
  }
  prepare();
}

RunFolder::RunFolder(const Comm& comm, fs::path folder, std::string subject)
    : comm_(comm), path_(std::move(folder)), log_(comm) {
  summary_.provenance = collect_provenance(comm, subject);
  summary_.title = std::move(subject);
  prepare();
}

RunFolder::~RunFolder() = default;

void RunFolder::prepare() {
  lock_ = std::make_unique<FolderLock>();
  int used = 0;
  comm_.together([&] {
    if (!comm_.is_root()) return;
    used = holds_results(path_) ? 1 : 0;
    if (used != 0 && ::access(path_.c_str(), W_OK | X_OK) != 0) {
      throw IoError(write_failure(path_, errno));
    }
    fresh_ = used == 0;
    std::error_code none;
    for (fs::path p = fs::absolute(path_).lexically_normal(); fresh_ && !fs::exists(p, none);
         p = p.parent_path()) {
      made_.push_back(p);
    }
  });
  MPI_Bcast(&used, 1, MPI_INT, 0, comm_.handle());
  if (used == 0) open();
}

void RunFolder::open() {
  if (open_) return;
  fault_point("open_output");
  comm_.together([&] {
    if (!comm_.is_root()) return;
    make_folder(path_);
    lock_->take(path_);
    identity_ = identity_of(path_);
  });
  open_ = true;
  make_room();
  comm_.together([&] {
    if (!comm_.is_root()) return;
    log_.open(path_ / "log.txt", resumption_.checkpoint != nullptr);
    if (!resolved_.empty()) replace_file(path_ / "case.resolved.toml", resolved_);
  });
}

/// Root: throws where the folder is not the one that was opened.
void RunFolder::confirm() const {
  if (!open_ || identity_of(path_) == identity_) return;
  throw IoError(path_.string() +
                ": this folder was moved or removed while Otto wrote into it, and what it had "
                "written is there "
                "no more; put it back, or run the command again");
}

void RunFolder::make_room() {
  std::string moved;
  comm_.together([&] {
    if (!comm_.is_root()) return;
    if (resumption_.checkpoint) {
      remove_parts(path_);
      std::error_code none;
      fs::remove(path_ / "summary.json", none);
      return;
    }
    if (holds_results(path_) && is_of_another_case(path_, summary_.case_file, summary_.title)) {
      moved = move_results_aside(path_);
      return;
    }
    kept_ = keep_results(path_);
    checkpoints_aside_ = set_checkpoints_aside(path_);
    if (kept_.empty()) remove_results(path_);
  });
  if (!moved.empty()) {
    log_.warn(fmt::format("the results of another case in this folder are kept in {}", moved));
  }
  if (checkpoints_aside_) {
    log_.warn(fmt::format(
        "the checkpoints of the last run in this folder are kept in checkpoints.before; {}",
        resumption_.asked ? "none of them is good" : "--resume auto would have gone on from them"));
  }
}

void RunFolder::introduce(const std::string& what) {
  const Provenance& p = summary_.provenance;
  log_.say(fmt::format("Otto {} ({}) on {} {}: {}", p.version, p.revision, comm_.size(),
                       comm_.size() == 1 ? "rank" : "ranks",
                       summary_.title.empty() ? summary_.case_file : summary_.title));
  log_.say(what + "; into " + path_.string());
  for (const auto& words : resumption_.warnings) log_.warn(words);
  for (const auto& words : resumption_.words) log_.say(words);
}

void RunFolder::warn(const std::string& sentence) {
  auto& all = summary_.warnings;
  if (std::ranges::find(all, sentence) != all.end()) return;
  all.push_back(sentence);
  log_.warn(sentence);
}

void RunFolder::warn_at_end(const std::string& sentence) {
  auto& all = summary_.warnings;
  if (std::ranges::find(all, sentence) == all.end()) all.push_back(sentence);
}

void RunFolder::take_cautions() {
  for (const auto& sentence : otto::take_cautions()) warn(sentence);
}

void RunFolder::write_summary(const nlohmann::ordered_json& extra) {
  summary_.spent.total = seconds_since_program_start();
  auto json = to_json(summary_);
  for (const auto& [name, part] : extra.items()) {
    if (part.is_object() && json.contains(name)) {
      json[name].update(part);
    } else {
      json[name] = part;
    }
  }
  constexpr auto replace =
      nlohmann::ordered_json::error_handler_t::replace;  // of names that are no UTF-8
  replace_file(path_ / "summary.json", json.dump(2, ' ', false, replace) + "\n");
}

void RunFolder::conclude(const nlohmann::ordered_json& extra,
                         const std::function<void()>& farewell) {
  tell(extra, farewell, true);
}

void RunFolder::conclude_so_far(const nlohmann::ordered_json& extra,
                                const std::function<void()>& words) {
  tell(extra, words, false);
}

void RunFolder::tell(const nlohmann::ordered_json& extra, const std::function<void()>& words,
                     bool last) {
  summary_.memory_mb = comm_.sum(peak_memory_mb());
  comm_.together([&] {
    if (!comm_.is_root()) return;
    confirm();
    if (last && !kept_.empty() && summary_.status != "completed") {
      part_with_results(path_, kept_);
      warn_at_end(kept_in(std::exchange(kept_, "")));
    }
    for (const auto& sentence : summary_.warnings) log_.warn(sentence);
    words();
    if (log_.trouble()) throw IoError(*log_.trouble());
    write_summary(extra);
    if (last && !kept_.empty()) drop_results(path_, std::exchange(kept_, ""));
  });
}

/// A failure leaves the results of the completed run before: in their places where it is one to write, before the new run
/// has got further than its start. True where the folder is as it was.
bool RunFolder::keep_earlier(const std::exception& error) {
  if (kept_.empty()) return false;
  if (as_error(error).status() != ExitStatus::io) {
    part_with_results(path_, kept_);
    warn(kept_in(std::exchange(kept_, "")));
    return false;
  }
  if (summary_.totals && summary_.totals->steps > 0) {  // final.h5 stays: nothing takes its place
    warn(kept_in(std::exchange(kept_, "")));
    return false;
  }
  put_back_results(path_, std::exchange(kept_, ""));
  if (checkpoints_aside_) put_back_checkpoints(path_);
  return true;
}

bool RunFolder::withdraw(const std::exception& error) noexcept {
  const bool stepped = summary_.totals && summary_.totals->steps > 0;
  if (!comm_.is_root() || !open_ || !fresh_ || stepped || resumption_.checkpoint) return false;
  if (as_error(error).status() != ExitStatus::bad_input) return false;
  remove_start(path_);
  std::error_code none;
  for (const auto& folder : made_) fs::remove(folder, none);
  return true;
}

void RunFolder::fail(const std::exception& error, const nlohmann::ordered_json& extra) noexcept {
  if (!comm_.is_root() || !open_ || summary_.status == "failed") return;
  try {
    if (keep_earlier(error)) return;
    summary_.status = "failed";
    summary_.reason = error.what();
    summary_.memory_mb = peak_memory_mb();
    log_.note("failed: " + summary_.reason);
    write_summary(extra);
  } catch (const std::exception&) {
    // The disk may be what failed; the caller reports the error itself.
  }
}

}  // namespace otto
