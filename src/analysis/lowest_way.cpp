// On each rank as Dijkstra's algorithm does it; what the ghosts have learned goes on from there, until
// nothing changes on any rank.

#include "otto/analysis/lowest_way.h"

#include <algorithm>
#include <array>
#include <limits>
#include <queue>

#include "otto/operators/absorbing.h"

namespace otto {

namespace {

constexpr double far = std::numeric_limits<double>::infinity();

/// 1 for the cells of a set, owned + ghosts.
std::vector<double> members(const Mesh& mesh, const Target& set) {
  std::vector<double> in(std::size_t(mesh.local()), 0.0);
  for (std::size_t k = 0; k < set.level.size(); ++k) in[k] = set.level[k] > 0 ? 1 : 0;
  for (const AbsorbingFace& face : absorbing_faces(mesh, set.sides)) in[std::size_t(face.cell)] = 1;
  mesh.halo.update(mesh.comm, in);
  return in;
}

/// Of owned cells in the set.
double min_over(const Mesh& mesh, std::span<const double> values, std::span<const double> in) {
  double min = far;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    if (in[k] != 0) min = std::min(min, values[k]);
  }
  return mesh.comm.min(min);
}

class Flood {
 public:
  Flood(const Mesh& mesh, std::span<const double> V)
      : mesh_(mesh), V_(V), h_(V.size(), far), begin_(V.size() + 1, 0) {
    for (const auto& side : {mesh.faces.left, mesh.faces.right}) {
      for (const std::int32_t k : side) ++begin_[std::size_t(k) + 1];
    }
    for (std::size_t k = 1; k < begin_.size(); ++k) begin_[k] += begin_[k - 1];
    neighbour_.resize(begin_.back());
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
      neighbour_[next[K]++] = L;
      neighbour_[next[L]++] = K;
    }
  }

  const std::vector<double>& from(std::span<const double> in) {
    for (std::size_t k = 0; k < h_.size(); ++k) {
      if (in[k] != 0) reach(k, V_[k]);
    }
    bool changed = true;
    while (changed) {
      spread();
      const std::vector<double> before = h_;
      mesh_.halo.update(mesh_.comm, h_);
      changed = false;
      for (std::size_t k = std::size_t(mesh_.owned); k < h_.size(); ++k) {
        const double h = std::min(h_[k], before[k]);
        h_[k] = before[k];
        changed = reach(k, h) || changed;
      }
      changed = mesh_.comm.any(changed);
    }
    return h_;
  }

 private:
  bool reach(std::size_t k, double h) {
    if (!(h < h_[k])) return false;
    h_[k] = h;
    next_.push({h, k});
    return true;
  }

  void spread() {
    while (!next_.empty()) {
      const auto [h, k] = next_.top();
      next_.pop();
      if (h > h_[k]) continue;
      for (std::size_t i = begin_[k]; i < begin_[k + 1]; ++i) {
        reach(neighbour_[i], std::max(h, V_[neighbour_[i]]));
      }
    }
  }

  const Mesh& mesh_;
  std::span<const double> V_;
  std::vector<double> h_;
  std::vector<std::size_t> begin_, neighbour_;
  std::priority_queue<std::pair<double, std::size_t>, std::vector<std::pair<double, std::size_t>>,
                      std::greater<>>
      next_;
};

/// The centre of the cell that the way has its height from; of several the one with the least number.
Point place_of(const Mesh& mesh, std::span<const double> V, std::span<const double> h,
               double pass) {
  double number = far;
  Point x{};
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    if (V[k] != pass || h[k] != pass || double(mesh.global[k]) > number) continue;
    number = double(mesh.global[k]);
    x = mesh.center[k];
  }
  const double first = mesh.comm.min(number);
  const bool mine = number < far && number == first;
  std::array<double, 3> sum{};
  if (mine) sum = {x[0], x[1], x[2]};
  mesh.comm.sum_in_place(sum);
  return {sum[0], sum[1], sum[2]};
}

}  // namespace

LowestWay lowest_way(const Mesh& mesh, std::span<const double> V, const Target& a,
                     const Target& b) {
  const std::vector<double> in_a = members(mesh, a), in_b = members(mesh, b);
  Flood flood(mesh, V);
  const std::vector<double>& h = flood.from(in_a);
  LowestWay way;
  way.pass = min_over(mesh, h, in_b);
  way.saddle = place_of(mesh, V, h, way.pass);
  way.bottom_a = min_over(mesh, V, in_a);
  way.bottom_b = min_over(mesh, V, in_b);
  return way;
}

}  // namespace otto
