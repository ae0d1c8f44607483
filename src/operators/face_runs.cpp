#include "otto/operators/face_runs.h"

namespace otto {

std::vector<FaceRun> face_runs(const Mesh& mesh) {
  std::vector<FaceRun> runs;
  for (std::int32_t f = 0; f < mesh.faces.size(); ++f) {
    const auto face = static_cast<std::size_t>(f);
    const std::int32_t left = mesh.faces.left[face], right = mesh.faces.right[face];
    const bool left_owned = left < mesh.owned, right_owned = right < mesh.owned;
    if (!runs.empty()) {
      FaceRun& last = runs.back();
      if (left == last.left + last.count && right == last.right + last.count &&
          left_owned == last.left_owned && right_owned == last.right_owned) {
        ++last.count;
        continue;
      }
    }
    runs.push_back({f, 1, left, right, left_owned, right_owned});
  }
  return runs;
}

}  // namespace otto
