// `otto info`: the versions of Otto and of everything it is linked with.

#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>

#include <CLI/Version.hpp>
#include <Eigen/Core>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "otto/app/commands.h"
#include "otto/casefile/versions.h"
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

std::string vtk_module() {
  std::error_code problem;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
  const auto module = program.parent_path() / "libotto_vtk.so";
  return std::filesystem::exists(module, problem) ? "present" : "absent (no .vti tables)";
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
      {"VTK module", vtk_module()}};
  std::string text;
  for (const auto& [name, value] : lines) text += fmt::format("{:<11} {}\n", name, value);
  print_once(text);
  return 0;
}

}  // namespace otto
