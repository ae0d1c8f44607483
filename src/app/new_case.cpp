// `otto new NAME --from CASE`: a folder with a copy of a case and of the files it names.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "otto/app/commands.h"
#include "otto/casefile/suggest.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"
#include "shared_files.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> shipped(const fs::path& cases) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(cases)) {
    if (fs::exists(entry.path() / "case.toml")) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The case file to copy: one that goes with the program, a folder with a case.toml, or a file.
fs::path source_of(const std::string& from) {
  const bool is_path = from.find('/') != std::string::npos || from.ends_with(".toml");
  if (!is_path) {
    const fs::path cases = find_shared("cases");
    const auto names = shipped(cases);
    if (std::find(names.begin(), names.end(), from) != names.end())
      return cases / from / "case.toml";
    throw InputError(fmt::format("--from {}: there is no such case{} There are {}.", from,
                                 did_you_mean(from, names), list_words(names)));
  }
  const fs::path file = fs::is_directory(from) ? fs::path(from) / "case.toml" : fs::path(from);
  if (!fs::is_regular_file(file))
    throw InputError(fmt::format("--from {}: there is no file {}", from, file.string()));
  return file;
}

/// As a shell takes it: 'a b' for a name with a blank.
std::string shell_word(const std::string& word) {
  static const std::regex plain(R"([\w./+:@%,=\x80-\xff-]+)");
  if (std::regex_match(word, plain)) return word;
  return fmt::format("'{}'", std::regex_replace(word, std::regex("'"), "'\\''"));
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  if (!(text << std::ifstream(file, std::ios::binary).rdbuf()))
    throw IoError(fmt::format("{}: cannot be read", file.string()));
  return text.str();
}

/// A name of a file with data, that a case may have a script for instead.
bool names_data(const std::string& name) {
  static const std::regex data(R"(\S+\.(h5|npy|npz|dat|csv|txt|vti|msh))");
  return std::regex_match(name, data);
}

/// The text with the files it names ("../../meshes/disc.msh", "fes.dat") copied to `folder` and named there. Data
/// that is not there is added to `missing`.
std::string with_files_beside(std::string text, const fs::path& source, const fs::path& folder,
                              std::vector<std::string>& missing) {
  static const std::regex quoted(R"re("([^"\n]+)")re");
  std::smatch found;
  for (std::size_t at = 0;
       std::regex_search(text.cbegin() + std::ptrdiff_t(at), text.cend(), found, quoted);) {
    const fs::path name = found[1].str(), file = source.parent_path() / name;
    const std::size_t begin = at + std::size_t(found.position(0)), length = found[0].str().size();
    at = begin + length;
    std::error_code none;
    if (name.is_absolute()) continue;
    if (!fs::is_regular_file(file, none)) {
      if (names_data(name.string())) missing.push_back(name.string());
      continue;
    }
    fs::copy_file(file, folder / file.filename(), fs::copy_options::skip_existing);
    const std::string named = fmt::format("\"{}\"", file.filename().string());
    text.replace(begin, length, named);
    at = begin + named.size();
  }
  return text;
}

/// The first line of what comes next: the script make_*.py of a case whose data is not kept with it; else nothing.
std::string script_for(const fs::path& folder, const std::vector<std::string>& missing) {
  if (missing.empty()) return "";
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("make_") && name.ends_with(".py"))
      return fmt::format("  {}   writes {}\n", shell_word(entry.path().string()),
                         list_words(missing));
  }
  return "";
}

/// Copies the case; what has to be done before it can be checked.
std::string copy_case(const fs::path& source, const fs::path& folder) {
  const std::string text = text_of(source);
  fs::create_directories(folder);
  if (source.filename() == "case.toml") {  // the files beside it are its own
    for (const auto& entry : fs::directory_iterator(source.parent_path())) {
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && name != "case.toml" && name != "expected.toml" &&
          name != "README.md")
        fs::copy_file(entry.path(), folder / name);
    }
  }
  std::vector<std::string> missing;
  std::ofstream file(folder / "case.toml", std::ios::binary);
  file << with_files_beside(text, source, folder, missing);
  if (!file.flush())
    throw IoError(fmt::format("{}: cannot be written", (folder / "case.toml").string()));
  return script_for(folder, missing);
}

}  // namespace

int new_command(const NewOptions& options) {
  const Comm world = command_comm();
  fs::path folder = fs::path(options.name).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "mine/"
  std::string first;
  world.together([&] {
    if (!world.is_root()) return;
    try {
      if (fs::exists(fs::symlink_status(folder)))
        throw InputError(
            fmt::format("'otto new {}': there is something of that name already; choose another",
                        options.name));
      first = copy_case(source_of(options.from), folder);
    } catch (const fs::filesystem_error& error) {
      throw IoError(fmt::format("{}: cannot be made: {}", options.name, error.code().message()));
    }
  });
  const std::string file = shell_word((folder / "case.toml").string()),
                    out = shell_word((fs::path("out") / folder.filename()).string());
  print_once(fmt::format("{0}, made from {1}. Next:\n{2}  otto check {0}\n  otto run {0} -o {3}\n",
                         file, options.from, first, out));
  return int(ExitStatus::done);
}

}  // namespace otto
