// `otto demo`: a run of a second with a picture, to see that everything works.

#include <fmt/format.h>

#include "otto/app/commands.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"
#include "shared_files.h"

namespace otto {

int demo_command(const std::filesystem::path& output) {
  const Comm world = command_comm();
  const std::string folder = output.string();
  RunOptions run;
  world.together([&] { run.case_file = find_shared("cases/muller_brown/case.toml"); });
  run.output = output;
  print_once(fmt::format(
      "A density starts in one of the three wells of the Müller-Brown surface and crosses two "
      "saddles:\n  otto run {} -o {}\n\n",
      run.case_file.string(), folder));
  const int status = run_command(run);
  if (status != int(ExitStatus::done)) return status;
  print_once("\nIts pictures:\n");
  world.together([&] {
    if (!world.is_root()) return;
    if (run_shared("postprocess/plot", {folder}) != 0) {
      throw IoError(fmt::format(
          "the run is in {}, but its pictures could not be drawn: they need Python 3 with NumPy, "
          "h5py and Matplotlib",
          folder));
    }
  });
  print_once(
      "\nNext:\n"
      "  otto report " +
      folder +
      "                a page about the run\n"
      "  otto new mine --from muller_brown   the same case as a file of yours\n"
      "  otto run mine/case.toml --set energy.temperature=30 -o out/hotter\n");
  return int(ExitStatus::done);
}

}  // namespace otto
