#include "otto/io/provenance.h"

#include <fmt/core.h>
#include <hdf5.h>
#include <mpi.h>

#include <array>
#include <ctime>

#include "otto/core/hash.h"
#include "otto/core/petsc.h"
#include "otto/io/h5_writer.h"
#include "otto/version.h"

namespace otto {

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

/// The first words of the version text of the MPI library: "Open MPI v4.1.4".
std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data(), static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace

Provenance collect_provenance(const Comm& comm, const std::string& resolved_case) {
  Provenance p;
  p.version = version;
  p.revision = revision;
  p.compiler = compiler;
  p.case_hash = hash_text(resolved_case);
  p.date = comm.broadcast(utc_now());
  p.ranks = comm.size();
  p.libraries = {{"petsc", petsc_version()}, {"hdf5", hdf5_version()}, {"mpi", mpi_version()}};
  return p;
}

void add_provenance(H5Plan& plan, const Provenance& p) {
  std::string libraries;
  for (const auto& [name, words] : p.libraries) {
    libraries += (libraries.empty() ? "" : ", ") + name + " " + words;
  }
  plan.attribute("/", "program", "otto");
  plan.attribute("/", "version", p.version);
  plan.attribute("/", "revision", p.revision);
  plan.attribute("/", "compiler", p.compiler);
  plan.attribute("/", "libraries", libraries);
  plan.attribute("/", "case_hash", p.case_hash);
  plan.attribute("/", "date", p.date);
  plan.attribute("/", "ranks", std::vector<std::int64_t>{p.ranks});
}

}  // namespace otto
