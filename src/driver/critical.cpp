// What decides the results of a run, as key and value.

#include <algorithm>
#include <fstream>
#include <iterator>

#include "otto/core/error.h"
#include "otto/core/hash.h"
#include "otto/driver/resume.h"

namespace otto {

namespace {

bool decides_nothing(const std::string& key) {
  return key == "title" || key.starts_with("run.") || key.starts_with("checkpoint.");
}

/// Options that only make PETSc talk, and the grid of processes, which is a run's own like its ranks.
bool only_shows(const std::string& option) {
  return option.find("monitor") != std::string::npos || option.find("view") != std::string::npos ||
         option.starts_with("log_") || option == "info" || option == "box_ranks" ||
         option.find("converged_reason") != std::string::npos;
}

/// "" where the file cannot be read: whoever needs it says so.
std::string content_hash(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code)) return "";  // a pipe would be waited for
  std::ifstream in(file, std::ios::binary);
  if (!in) return "";
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  return hash_text(content);
}

/// The files a value names: what stands in quotes.
std::vector<std::filesystem::path> files_of(const Case& c, const std::string& value) {
  std::vector<std::filesystem::path> files;
  for (std::size_t open = value.find('"'); open != std::string::npos;) {
    const std::size_t close = value.find('"', open + 1);
    if (close == std::string::npos) break;
    files.push_back(c.file().parent_path() / value.substr(open + 1, close - open - 1));
    open = value.find('"', close + 1);
  }
  return files;
}

}  // namespace

Critical critical_parameters(const Comm& comm, const Case& c,
                             const std::vector<std::pair<std::string, std::string>>& petsc) {
  Critical critical;
  for (const auto& [key, value, given, file] : c.settled()) {
    if (decides_nothing(key) || key.starts_with("petsc.")) continue;
    critical.emplace_back(key, value);
    // The initial density is in the checkpoint; other files are read again.
    if (!file || key.starts_with("initial.")) continue;
    std::string hash;
    for (const auto& each : files_of(c, value)) {
      hash += comm.broadcast(comm.is_root() ? content_hash(each) : std::string());
    }
    if (!hash.empty()) critical.emplace_back(key + " (content)", hash);
  }
  for (const auto& [name, value] : petsc) {
    if (only_shows(name)) continue;
    const std::string key = "petsc." + name;
    const auto earlier = std::ranges::find(critical, key, &Critical::value_type::first);
    if (earlier != critical.end()) critical.erase(earlier);  // the last one wins
    critical.emplace_back(key, value);
  }
  return critical;
}

}  // namespace otto
