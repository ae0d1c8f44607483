#pragma once
// What all ranks do after a step, from what each of them wishes.

#include <optional>
#include <string>

#include "otto/core/comm.h"
#include "otto/driver/stop_guard.h"

namespace otto {

struct Agreement {
  StopGuard::Reason stop = StopGuard::none;
  bool checkpoint = false;
};

/// One reduction. `trouble`: what failed on this rank's text files; the root's is thrown as an
/// IoError on every rank. Collective.
Agreement agree(const Comm& comm, const StopGuard& guard, bool checkpoint_due,
                const std::optional<std::string>& trouble);

}  // namespace otto
