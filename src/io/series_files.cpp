// The names of a series' files, told apart from whatever else lies in the folder.

#include <fmt/core.h>

#include <charconv>

#include "otto/io/field_series.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// Number of a "density_0007...." file, or -1.
long number_of(const std::string& name, const std::string& kind) {
  constexpr std::string_view begin = "density_";
  const bool known =
      kind == ".hdf" || kind == ".vti" || kind == ".pvti" || kind == ".vtu" || kind == ".pvtu";
  if (!known || !name.starts_with(begin)) return -1;
  long number = -1;
  std::from_chars(name.data() + begin.size(), name.data() + name.size(), number);
  return number;
}

bool is_frame(const std::string& name, const std::string& kind) {
  if (name == "density.hdf.series" || name == "density.pvd") return true;
  return kind == ".hdf" && (name == "mesh.hdf" || name.starts_with("mesh_"));
}

}  // namespace

std::string series_name(int index) { return fmt::format("density_{:04d}", index); }

void remove_series(const fs::path& folder, std::size_t first) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename(), kind = entry.path().extension();
    const bool later = number_of(name, kind) >= static_cast<long>(first);
    if (kind == ".part" || later || (first == 0 && is_frame(name, kind))) {
      fs::remove(entry.path(), none);
    }
  }
}

}  // namespace otto
