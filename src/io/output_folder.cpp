#include "output_folder.h"

#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"

namespace otto {

namespace fs = std::filesystem;

void remove_parts(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".part") fs::remove(entry.path(), none);
  }
}

void remove_earlier(const fs::path& folder) {
  std::error_code none;
  remove_parts(folder);
  fs::remove(folder / "summary.json", none);
  remove_series(folder / "fields", 0);
}

bool set_checkpoints_aside(const fs::path& folder) {
  std::error_code none;
  const fs::path checkpoints = folder / "checkpoints", before = folder / "checkpoints.before";
  if (checkpoint_names(checkpoints).empty()) return false;
  fs::remove_all(before, none);
  fs::rename(checkpoints, before, none);
  return true;
}

}  // namespace otto
