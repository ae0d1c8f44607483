#include "otto/app/report.h"

#include "otto/app/commands.h"
#include "otto/core/comm.h"
#include "shared_files.h"

namespace otto {

int report_command(const ReportOptions& options) {
  const Comm world = command_comm();
  int status = 0;
  world.together([&] {
    if (!world.is_root()) return;
    std::vector<std::string> words;
    if (!options.output.empty()) words.insert(words.end(), {"-o", options.output.string()});
    words.insert(words.end(), options.folders.begin(), options.folders.end());
    status = run_shared("postprocess/report", words);
  });
  return int(world.max(std::int64_t(status)));
}

}  // namespace otto
