#pragma once
// Where a result comes from: written into every HDF5 file and into summary.json.

#include <string>
#include <utility>
#include <vector>

#include "otto/core/comm.h"
#include "otto/io/h5_writer.h"

namespace otto {

struct Provenance {
  std::string version, revision, compiler;
  std::string case_hash;  ///< of the resolved case: equal cases have equal hashes
  std::string date;       ///< of the start, UTC, ISO 8601
  int ranks = 1;
  std::vector<std::pair<std::string, std::string>> libraries;  ///< name, version
};

/// Collects it. `resolved_case` is the whole case as text. Every rank gets the root's date.
/// Collective.
Provenance collect_provenance(const Comm& comm, const std::string& resolved_case);

/// Attributes of the root group: version, revision, compiler, case_hash, date, ranks, libraries.
void add_provenance(H5Plan& plan, const Provenance& provenance);

/// 64-bit FNV-1a hash in hexadecimal (Fowler, Noll and Vo).
std::string hash_text(const std::string& text);

}  // namespace otto
