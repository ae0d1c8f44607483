#include "otto/infer/thin_plate.h"

#include <cmath>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

constexpr std::uint64_t stream = 0x7470;  ///< of random(), one per kind of row after it

}  // namespace

ThinPlate::ThinPlate(const Mesh& mesh) : mesh_(mesh) {
  if (!mesh.box) throw InternalError("the thin-plate prior is for boxes");
  const auto n = std::size_t(mesh.owned);
  next_.assign(n, {{{-1, -1}, {-1, -1}, {-1, -1}}});
  gap_.assign(n, {0, 0, 0});
  second_.assign(n, {});
  std::vector<std::array<double, 3>> below(n, {0, 0, 0});
  std::size_t f = 0;
  for_each_face(*mesh.box, GhostLayers(*mesh.box),
                [&](int axis, const BlockIndex&, std::int32_t left, std::int32_t right) {
                  const auto a = std::size_t(axis);
                  const double distance = mesh.faces.distance[f++];
                  if (left < mesh.owned) {
                    next_[std::size_t(left)][a][1] = right;
                    gap_[std::size_t(left)][a] = distance;
                  }
                  if (right < mesh.owned) {
                    next_[std::size_t(right)][a][0] = left;
                    below[std::size_t(right)][a] = distance;
                  }
                });
  for (std::size_t k = 0; k < n; ++k) {
    const double root = std::sqrt(mesh.volume[k]);
    for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
      if (next_[k][a][0] < 0 || next_[k][a][1] < 0) continue;
      const double down = below[k][a], up = gap_[k][a], mean = 0.5 * (down + up);
      second_[k][a].weight = {root / (down * mean), -root / mean * (1 / down + 1 / up),
                              root / (up * mean)};
    }
  }
}

std::vector<ThinPlate::Rows> ThinPlate::rows(std::span<const double> V) const {
  const auto n = std::size_t(mesh_.owned), d = std::size_t(mesh_.dimension);
  std::vector<double> v(std::size_t(mesh_.local()), 0.0);
  std::copy_n(V.begin(), n, v.begin());
  mesh_.halo.update(mesh_.comm, v);
  std::vector<Rows> result;
  for (std::size_t a = 0; a < d; ++a) {
    Rows row(n, 0.0);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& w = second_[k][a].weight;
      if (w[1] == 0) continue;
      row[k] = w[0] * v[std::size_t(next_[k][a][0])] + w[1] * v[k] +
               w[2] * v[std::size_t(next_[k][a][1])];
    }
    result.push_back(std::move(row));
  }
  for (std::size_t b = 1; b < d; ++b) {
    std::vector<double> slope(v.size(), 0.0);  // along b; 0 where there is no cell above
    for (std::size_t k = 0; k < n; ++k) {
      if (next_[k][b][1] >= 0) slope[k] = (v[std::size_t(next_[k][b][1])] - v[k]) / gap_[k][b];
    }
    mesh_.halo.update(mesh_.comm, slope);
    for (std::size_t a = 0; a < b; ++a) {
      Rows row(n, 0.0);
      for (std::size_t k = 0; k < n; ++k) {
        if (next_[k][a][1] < 0 || next_[k][b][1] < 0) continue;
        row[k] = std::sqrt(2 * mesh_.volume[k]) * (slope[std::size_t(next_[k][a][1])] - slope[k]) /
                 gap_[k][a];
      }
      result.push_back(std::move(row));
    }
  }
  return result;
}

void ThinPlate::transpose(std::vector<Rows> rows, std::span<double> out) const {
  const auto n = std::size_t(mesh_.owned), d = std::size_t(mesh_.dimension);
  std::vector<double> v(std::size_t(mesh_.local()), 0.0);
  std::size_t kind = 0;
  for (std::size_t a = 0; a < d; ++a) {
    const Rows& row = rows[kind++];
    for (std::size_t k = 0; k < n; ++k) {
      const auto& w = second_[k][a].weight;
      if (w[1] == 0) continue;
      v[std::size_t(next_[k][a][0])] += w[0] * row[k];
      v[k] += w[1] * row[k];
      v[std::size_t(next_[k][a][1])] += w[2] * row[k];
    }
  }
  for (std::size_t b = 1; b < d; ++b) {
    std::vector<double> slope(v.size(), 0.0);
    for (std::size_t a = 0; a < b; ++a) {
      const Rows& row = rows[kind++];
      for (std::size_t k = 0; k < n; ++k) {
        if (next_[k][a][1] < 0 || next_[k][b][1] < 0) continue;
        const double x = std::sqrt(2 * mesh_.volume[k]) * row[k] / gap_[k][a];
        slope[std::size_t(next_[k][a][1])] += x;
        slope[k] -= x;
      }
    }
    mesh_.halo.add_ghosts(mesh_.comm, slope);
    for (std::size_t k = 0; k < n; ++k) {
      if (next_[k][b][1] < 0) continue;
      const double x = slope[k] / gap_[k][b];
      v[std::size_t(next_[k][b][1])] += x;
      v[k] -= x;
    }
  }
  mesh_.halo.add_ghosts(mesh_.comm, v);
  std::copy_n(v.begin(), n, out.begin());
}

void ThinPlate::apply(std::span<const double> V, std::span<double> out) const {
  transpose(rows(V), out);
}

double ThinPlate::energy(std::span<const double> V) const {
  double sum = 0;
  for (const Rows& row : rows(V)) {
    for (const double x : row) sum += x * x;
  }
  return mesh_.comm.sum(sum);
}

void ThinPlate::random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const {
  const auto n = std::size_t(mesh_.owned);
  const int d = mesh_.dimension, kinds = d + d * (d - 1) / 2;
  std::vector<Rows> all;
  for (int kind = 0; kind < kinds; ++kind) {
    Rows row(n);
    const std::uint64_t which = (stream + std::uint64_t(kind)) << 32 | draw;
    for (std::size_t k = 0; k < n; ++k) {
      row[k] = RandomAt(seed, which, std::uint64_t(mesh_.global[k])).normal()[0];
    }
    all.push_back(std::move(row));
  }
  transpose(std::move(all), out);
}

}  // namespace otto
