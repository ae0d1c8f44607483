#include "otto/app/commands.h"
#include "otto/app/prepare.h"
#include "otto/casefile/case.h"
#include "otto/core/comm.h"

namespace otto {

int run_command(const RunOptions& options) {
  const Comm world;
  const Case c = read_case(world, options.case_file, options.settings);
  prepare_case(world, c);
  return 0;
}

}  // namespace otto
