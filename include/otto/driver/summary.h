#pragma once
// summary.json: the verdict of a run, machine-readable.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "otto/analysis/norms.h"
#include "otto/driver/network_report.h"
#include "otto/driver/totals.h"
#include "otto/io/provenance.h"

namespace otto {

/// Seconds since the start of the program, by what they were spent on.
struct Spent {
  double total = 0, setup = 0, solve = 0, output = 0;
};

/// Everything a summary tells. Parts that a failed run never reached stay empty.
struct Summary {
  std::string status;  ///< "completed", "stopped", "failed"
  std::string reason;  ///< of a stop or failure; "" otherwise
  std::string title;
  std::string case_file;  ///< absolute; "" for a command without a case
  Provenance provenance;
  struct MeshPart {
    std::string kind;
    int dimension = 0;
    std::int64_t cells = 0;
  };
  std::optional<MeshPart> mesh;
  std::string scheme;
  double target = 0;          ///< time.end of the case
  bool energy_exists = true;  ///< false with a drift: no free energy decays then
  std::optional<RunTotals> totals;
  std::optional<ErrorNorms> error;
  std::optional<double> gibbs_distance;
  std::optional<NetworkReport> network;
  Spent spent;
  double memory_mb = 0;  ///< largest resident memory, all ranks together
  std::string fingerprint;
  std::vector<std::string> warnings;
};

/// The keys of the contract (`time.end` is the time reached, `time.target` the one asked for).
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace otto
