#pragma once
// Faces in runs: stretches of the face list whose cells on either side are consecutive as well. On
// a box the faces between two rows of cells are one run, so that sweeps over faces read and write
// whole rows; on a general mesh a run is a face or two and nothing is lost.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

struct FaceRun {
  std::int32_t first = 0;  ///< face
  std::int32_t count = 0;
  std::int32_t left = 0, right = 0;  ///< cells of the first face; the i-th has left + i, right + i
  bool left_owned = true, right_owned = true;  ///< for all faces of the run; never both false
};

std::vector<FaceRun> face_runs(const Mesh& mesh);

/// Visits all faces in pieces of at most 256: `flux(run, values)` writes values[0 .. run.count),
/// then `use(run, values)` reads them. Runs handed out are cut to the piece.
template <class Flux, class Use>
void for_each_piece(const std::vector<FaceRun>& runs, Flux&& flux, Use&& use) {
  constexpr std::int32_t max_faces = 256;
  alignas(64) double values[max_faces];
  for (const FaceRun& run : runs) {
    for (std::int32_t begin = 0; begin < run.count; begin += max_faces) {
      FaceRun piece = run;
      piece.first += begin;
      piece.left += begin;
      piece.right += begin;
      piece.count = std::min(max_faces, run.count - begin);
      flux(piece, values);
      use(piece, static_cast<const double*>(values));
    }
  }
}

/// out -= values at the left cells, += at the right ones; owned cells only. A cell takes from its
/// lower face first, wherever runs and their pieces end.
inline void scatter(const FaceRun& run, const double* values, double* out) {
  if (run.right_owned) {
    double* to = out + run.right;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] += values[i];
  }
  if (run.left_owned) {
    double* to = out + run.left;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] -= values[i];
  }
}

}  // namespace otto
