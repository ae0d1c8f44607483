#pragma once
// Where a result comes from: written into every HDF5 file and into summary.json.

#include <string>
#include <utility>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

class H5Plan;  // what an HDF5 file shall hold (otto/io/h5_writer.h)

/// The sources, the case, the day and the libraries of a result.
struct Provenance {
  std::string version;    ///< of Otto
  std::string revision;   ///< commit of its sources
  std::string compiler;   ///< that built it
  std::string case_hash;  ///< of the resolved case: equal cases have equal hashes
  std::string date;       ///< of the start, UTC, ISO 8601
  int ranks = 1;          ///< of MPI
  std::vector<std::pair<std::string, std::string>> libraries;  ///< name, version
};

/// Collects it. `resolved_case` is the whole case as text. Every rank gets the root's date.
/// Collective.
Provenance collect_provenance(const Comm& comm, const std::string& resolved_case);

/// Attributes of the root group: version, revision, compiler, case_hash, date, ranks, libraries.
void add_provenance(H5Plan& plan, const Provenance& provenance);

}  // namespace otto
