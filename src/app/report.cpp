#include "otto/app/report.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "otto/app/commands.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// Beside the sources in a build, else below share/ of the prefix.
fs::path find_script() {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path places[] = {program / ".." / "postprocess" / "report",
                             program / ".." / "share" / "otto" / "postprocess" / "report"};
  std::error_code none;
  for (const fs::path& place : places) {
    if (fs::exists(place, none)) return fs::canonical(place);
  }
  throw IoError(fmt::format(
      "'otto report' needs {}, which is not there; install Otto with cmake --install, or run the "
      "script postprocess/report of its source",
      places[1].lexically_normal().string()));
}

int run_script(const ReportOptions& options) {
  std::vector<std::string> words{find_script().string()};
  if (!options.output.empty()) words.insert(words.end(), {"-o", options.output.string()});
  words.insert(words.end(), options.folders.begin(), options.folders.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int trouble =
      posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
  int status = 0;
  if (trouble != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    throw IoError(fmt::format("{} does not run{}{}", words[0], trouble != 0 ? ": " : "",
                              trouble != 0 ? std::strerror(trouble) : ""));
  }
  return WEXITSTATUS(status);
}

}  // namespace

int report_command(const ReportOptions& options) {
  const Comm world = command_comm();
  int status = 0;
  world.together([&] {
    if (world.is_root()) status = run_script(options);
  });
  return int(world.max(std::int64_t(status)));
}

}  // namespace otto
