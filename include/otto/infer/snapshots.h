#pragma once
// [data] of `otto fit`: densities or samples of one population at some times, on the cells of a mesh.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// A population at one time.
struct Snapshot {
  double time = 0;
  std::vector<double> density;  ///< owned cells, of mass 1; of samples n_K / (n m_K)
  std::int64_t samples = 0;     ///< in the mesh; 0: a density
  std::int64_t outside = 0;     ///< samples left out
  std::string file;             ///< as the case names it
  int series = 0;               ///< which experiment: [data] is the first
};

/// Two snapshots that follow each other in one series, by their places in Snapshots::seen.
struct Interval {
  std::size_t from = 0, to = 1;
};

struct Snapshots {
  std::vector<Snapshot> seen;  ///< one series after another, at least two of each
  std::vector<Snapshot>
      heldout;  ///< data.heldout_last of the first series, later than all seen of it
  [[nodiscard]] std::vector<Interval> intervals() const;
  /// The snapshots seen of a series: first and one past the last.
  [[nodiscard]] Interval series(int number) const;
  [[nodiscard]] int count() const { return seen.back().series + 1; }  ///< of series
  [[nodiscard]] double duration() const;                              ///< of all series together
  [[nodiscard]] double time_of(const Interval& k) const {
    return seen[k.to].time - seen[k.from].time;
  }
  [[nodiscard]] bool sampled() const { return seen.front().samples > 0; }
};

/// Densities on boxes of the same cells or of cells so and so many times as fine along every axis,
/// whose masses are summed, or on lattices of their own; samples by /samples or rows of as many
/// numbers as the mesh has axes. Collective; throws InputError at the key.
Snapshots read_snapshots(const Case& c, const Mesh& mesh);

/// The same data on a coarser box of whole cells. Collective.
Snapshots coarsened(const Snapshots& data, const Mesh& fine, const Mesh& coarse);

}  // namespace otto
