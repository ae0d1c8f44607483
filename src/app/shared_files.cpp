#include "shared_files.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "otto/core/error.h"

namespace otto {

namespace fs = std::filesystem;

fs::path find_shared(const fs::path& name) {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path places[] = {program / ".." / name, program / ".." / "share" / "otto" / name};
  std::error_code none;
  for (const fs::path& place : places) {
    if (fs::exists(place, none)) return fs::canonical(place);
  }
  throw IoError(fmt::format(
      "this command needs {}, which is not there; install Otto with cmake --install, or run it "
      "from the build of a source tree",
      places[1].lexically_normal().string()));
}

int run_shared(const fs::path& name, const std::vector<std::string>& words) {
  std::vector<std::string> all{find_shared(name).string()};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int trouble =
      posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
  int status = 0;
  if (trouble != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    throw IoError(fmt::format("{} does not run{}{}", all[0], trouble != 0 ? ": " : "",
                              trouble != 0 ? std::strerror(trouble) : ""));
  }
  return WEXITSTATUS(status);
}

}  // namespace otto
