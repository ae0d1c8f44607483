// `otto sample` and `otto likelihood`.

#include "otto/app/commands.h"
#include "otto/core/error.h"

namespace otto {

int sample_command(const SampleRequest& request) {
  sample(command_comm(), request);
  return int(ExitStatus::done);
}

int likelihood_command(const LikelihoodRequest& request) {
  likelihood(command_comm(), request);
  return int(ExitStatus::done);
}

}  // namespace otto
