// `otto info`: the versions of Otto and of everything it is linked with.

#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>

#include <CLI/Version.hpp>
#include <Eigen/Core>
#include <nlohmann/json_fwd.hpp>

#include "otto/app/commands.h"
#include "otto/casefile/versions.h"
#include "otto/core/module.h"
#include "otto/core/petsc.h"
#include "otto/version.h"

namespace otto {

namespace {

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string full(text, static_cast<std::size_t>(length));
  return full.substr(0, full.find_first_of(",\n"));
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

/// `without`: what is missing then.
std::string module_words(const char* name, const char* without) {
  return Module::find_file(name).empty() ? fmt::format("absent ({})", without) : "present";
}

}  // namespace

int info_command() {
  const auto triple = [](int a, int b, int c) { return fmt::format("{}.{}.{}", a, b, c); };
  const std::vector<std::pair<const char*, std::string>> lines{
      {"otto", version},
      {"revision", revision},
      {"compiler", fmt::format("{}, {}", compiler, build_type)},
      {"PETSc", petsc_version()},
      {"MPI", mpi_version()},
      {"HDF5", hdf5_version()},
      {"Eigen", triple(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
      {"toml++", toml_version()},
      {"muParser", muparser_version()},
      {"fmt", triple(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"CLI11", CLI11_VERSION},
      {"json", triple(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                      NLOHMANN_JSON_VERSION_PATCH)},
      {"VTK module", module_words("libotto_vtk.so", "no .vti tables")},
      {"torch module", module_words("libotto_torch.so", "no network energies")}};
  std::string text;
  for (const auto& [name, value] : lines) text += fmt::format("{:<12} {}\n", name, value);
  print_once(text);
  return 0;
}

}  // namespace otto
