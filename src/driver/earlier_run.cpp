#include "earlier_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "otto/core/error.h"
#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"
#include "otto/io/files.h"

namespace otto {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

/// What only a run that took steps, or a finished command, leaves.
constexpr std::array results{"history.csv", "final.h5",     "energy.pt",      "energy.safetensors",
                             "modes.h5",    "spectrum.csv", "convergence.csv"};
/// What else Otto and its postprocessing write.
constexpr std::array others{"summary.json",       "log.txt",         "case.resolved.toml",
                            "history.before.csv", "fields",          "checkpoints",
                            "checkpoints.before", "pictures",        "convergence.md",
                            "convergence.tex",    "convergence.svg", "convergence.png",
                            "convergence.pdf"};

/// Of a completed run, what the next one in the folder overwrites or removes as it begins.
constexpr std::array early{"summary.json", "log.txt", "case.resolved.toml", "history.csv",
                           "fields"};

/// Null where there is none that can be read.
Json read_summary(const fs::path& folder) {
  std::ifstream in(folder / "summary.json");
  Json json = Json::parse(in, nullptr, false);
  return json.is_object() ? json : Json();
}

/// "density.png", "density-mode_1.svg", "ledger.pdf", "paraview_0003.png" ...
bool is_picture(const fs::path& file) {
  const std::string name = file.stem(), kind = file.extension();
  if (kind != ".png" && kind != ".pdf" && kind != ".svg") return false;
  constexpr std::array known{"density", "energy", "ledger"};
  return std::ranges::find(known, name) != known.end() || name.starts_with("field_") ||
         name.starts_with("paraview_");
}

/// The first free one of before-1, before-2, ...
std::string make_before(const fs::path& folder) {
  std::error_code code;
  std::string name;
  int number = 0;
  do name = fmt::format("before-{}", ++number);
  while (fs::exists(folder / name, code));
  make_folder(folder / name);
  return name;
}

void return_entries(const fs::path& folder, const std::string& kept) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / kept, none)) {
    fs::rename(entry.path(), folder / entry.path().filename(), none);
  }
  fs::remove_all(folder / kept, none);
}

void remove_pictures(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "pictures", none)) {
    if (is_picture(entry.path())) fs::remove(entry.path(), none);
  }
}

bool is_study_level(const std::string& name) {
  constexpr std::string_view begin = "level_";
  return name.starts_with(begin) && name.size() > begin.size() &&
         name.find_first_not_of("0123456789", begin.size()) == std::string::npos;
}

}  // namespace

bool holds_results(const fs::path& folder) {
  std::error_code none;
  if (std::ranges::any_of(results, [&](auto name) { return fs::exists(folder / name, none); })) {
    return true;
  }
  if (!checkpoint_names(folder / "checkpoints").empty()) return true;
  const Json summary = read_summary(folder);
  return !summary.is_null() && summary.value("status", "") != "failed";
}

bool is_of_another_case(const fs::path& folder, const std::string& case_file,
                        const std::string& title) {
  const Json summary = read_summary(folder);
  if (summary.is_null()) return false;  // nothing tells whose they are
  if (summary.contains("case")) return summary["case"] != case_file;
  if (case_file.empty() && summary.contains("distance")) return false;
  return summary.value("title", "") != title;
}

std::string move_results_aside(const fs::path& folder) {
  std::error_code code;
  const std::string name = make_before(folder);
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string file = entry.path().filename();
    if (std::ranges::find(results, file) == results.end() &&
        std::ranges::find(others, file) == others.end() && !is_study_level(file)) {
      continue;
    }
    fs::rename(entry.path(), folder / name / file, code);
    if (code)
      throw IoError(fmt::format("{}: cannot move it to {}: {}; choose another folder with -o",
                                entry.path().string(), name, code.message()));
  }
  return name;
}

void remove_parts(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".part") fs::remove(entry.path(), none);
  }
}

void remove_results(const fs::path& folder) {
  std::error_code none;
  remove_parts(folder);
  fs::remove(folder / "summary.json", none);
  remove_series(folder / "fields", 0);
  remove_pictures(folder);
}

void remove_start(const fs::path& folder) {
  std::error_code none;
  remove_results(folder);
  for (const char* name : {"log.txt", "case.resolved.toml", "history.csv"}) {
    fs::remove(folder / name, none);
  }
  for (const char* name : {"fields", "checkpoints"})
    fs::remove(folder / name, none);  // where empty
}

std::string keep_results(const fs::path& folder) {
  const Json summary = read_summary(folder);
  if (summary.is_null() || summary.value("status", "") != "completed") return "";
  std::string kept = make_before(folder);
  std::error_code code, none;
  for (const auto name : results) {
    if (std::ranges::find(early, std::string_view(name)) == early.end()) {
      fs::create_hard_link(folder / name, folder / kept / name, none);
    }
  }
  for (const auto name : early) {
    if (!fs::exists(folder / name, none)) continue;
    fs::rename(folder / name, folder / kept / name, code);
    if (!code) continue;
    return_entries(folder, kept);
    throw IoError(fmt::format("{}: cannot move it to {}: {}; choose another folder with -o",
                              (folder / name).string(), kept, code.message()));
  }
  return kept;
}

void put_back_results(const fs::path& folder, const std::string& kept) {
  std::error_code none;
  remove_parts(folder);
  if (fs::exists(folder / kept / "fields", none)) fs::remove_all(folder / "fields", none);
  for (const auto name : early) {
    if (!fs::exists(folder / kept / name, none)) fs::remove_all(folder / name, none);
  }
  return_entries(folder, kept);
}

void part_with_results(const fs::path& folder, const std::string& kept) {
  std::error_code none;
  for (const auto name : results) {
    if (fs::equivalent(folder / name, folder / kept / name, none)) fs::remove(folder / name, none);
  }
  for (const auto& entry : fs::directory_iterator(folder / "pictures", none)) {
    if (!is_picture(entry.path())) continue;
    fs::create_directories(folder / kept / "pictures", none);
    fs::rename(entry.path(), folder / kept / "pictures" / entry.path().filename(), none);
  }
}

void drop_results(const fs::path& folder, const std::string& kept) {
  std::error_code none;
  remove_pictures(folder);
  remove_series(folder / kept / "fields", 0);
  for (const auto& entry : fs::directory_iterator(folder / kept / "fields", none)) {
    fs::create_directories(folder / "fields", none);  // what Otto did not write
    fs::rename(entry.path(), folder / "fields" / entry.path().filename(), none);
  }
  fs::remove_all(folder / kept, none);
}

bool set_checkpoints_aside(const fs::path& folder) {
  std::error_code none;
  const fs::path checkpoints = folder / "checkpoints", before = folder / "checkpoints.before";
  if (checkpoint_names(checkpoints).empty()) return false;
  fs::remove_all(before, none);
  fs::rename(checkpoints, before, none);
  return true;
}

void put_back_checkpoints(const fs::path& folder) {
  std::error_code none;
  fs::remove_all(folder / "checkpoints", none);
  fs::rename(folder / "checkpoints.before", folder / "checkpoints", none);
}

}  // namespace otto
