#pragma once
// What the monitors of a run share: the run they watch, its folder, and what they keep for its end.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agreement.h"
#include "otto/driver/run_folder.h"
#include "otto/driver/run_output.h"
#include "otto/driver/totals.h"

namespace otto {

/// Outlives the monitors.
struct RunRecord {
  std::optional<RunTotals> totals;
  std::optional<double> gibbs_distance;
  SteadyClock::time_point loop_start;
  double output_seconds = 0;  ///< inside the loop
  Agreement now;              ///< after the present step
};

/// References that every monitor of a run keeps.
struct Watched {
  const Case& c;
  RunParts run;
  RunFolder& folder;
  RunRecord& record;
  /// Cell fields that [analysis] has computed; they do not change in time.
  const std::vector<std::pair<std::string, std::vector<double>>>& results;
};

}  // namespace otto
