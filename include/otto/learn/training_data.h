#pragma once
// What a network is trained on: masses q of the cells of the training mesh, the same on the grid
// where the result is judged, and samples that were held out.

#include <array>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/core/point.h"
#include "otto/mesh/mesh.h"

namespace otto {

inline constexpr std::int64_t heldout_block = 256;

struct TrainingData {
  std::vector<double> mass;        ///< owned cells of the training mesh; their sum is 1
  Mesh check;                      ///< where the result is judged: every cell halved, or (for a
                                   ///< table on the training mesh) that mesh again
  std::vector<double> check_mass;  ///< owned cells of `check`; their sum is 1
  /// This rank's share of the samples kept out of training: of blocks of `heldout_block` of them every size-th.
  std::vector<Point> heldout;
  bool has_heldout = false;           ///< some rank has one
  std::int64_t samples = 0;           ///< trained on; 0 where there are none
  std::int64_t dropped = 0;           ///< samples outside the box, left out
  std::array<double, 3> smoothing{};  ///< standard deviation along every axis of the normals that
                                      ///< stand for the samples; 0: counts as they are
};

/// Reads [data] of a case on its (box) mesh. Collective; throws InputError.
TrainingData read_training_data(const Case& c, const Mesh& mesh);

/// The box with every cell cut in halves along every axis.
Box halved(const Box& box);
/// The box with its cells joined in pairs along the axes where their number is even (all others
/// stay as they are).
Box doubled(const Box& box);

}  // namespace otto
