#include "otto/infer/rest.h"

#include <array>
#include <cmath>

namespace otto {

namespace {

bool same_density(const Mesh& mesh, const Snapshot& a, const Snapshot& b, double max_distance) {
  double distance = 0;
  for (std::size_t k = 0; k < a.density.size(); ++k) {
    distance += mesh.volume[k] * std::abs(a.density[k] - b.density[k]);
  }
  return mesh.comm.sum(distance) <= max_distance;
}

bool same_law(const Mesh& mesh, const Snapshot& a, const Snapshot& b, double deviations) {
  const double na = double(a.samples), nb = double(b.samples);
  const double p = na / (na + nb), pq = p * (1 - p);
  std::array<double, 3> sums{0, 0, 0};  // X, cells, variance
  for (std::size_t k = 0; k < a.density.size(); ++k) {
    const double x = na * mesh.volume[k] * a.density[k], y = nb * mesh.volume[k] * b.density[k];
    if (!(x + y > 0.5)) continue;
    sums[0] += std::pow(x * nb - y * na, 2) / (na * nb * (x + y));
    sums[1] += 1;
    sums[2] += 2 + (1 / pq - 6) / (x + y);
  }
  mesh.comm.sum_in_place(sums);
  return sums[0] <= sums[1] - 1 + deviations * std::sqrt(sums[2]);
}

}  // namespace

bool at_rest(const Mesh& mesh, const Snapshots& data, const RestOptions& options) {
  for (int number = 0; number < data.count(); ++number) {
    const Interval range = data.series(number);
    const Snapshot& first = data.seen[range.from];
    for (std::size_t s = range.from + 1; s < range.to; ++s) {
      const bool same = first.samples > 0
                            ? same_law(mesh, first, data.seen[s], options.deviations)
                            : same_density(mesh, first, data.seen[s], options.distance);
      if (!same) return false;
    }
  }
  return true;
}

}  // namespace otto
