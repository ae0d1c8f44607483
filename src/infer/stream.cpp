#include "otto/infer/stream.h"

#include <array>
#include <cmath>
#include <numbers>

#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

/// Of psi = sin(m pi x / L_x) sin(n pi y / L_y).
std::vector<double> rises_of_stream(const Mesh& mesh, int m, int n) {
  const Box& box = mesh.box->box;
  const std::array<int, 2> waves{m, n};
  const auto psi = [&](double x, double y) {
    double product = 1;
    for (std::size_t a = 0; a < 2; ++a) {
      const double low = box.nodes[a].front(), length = box.nodes[a].back() - low;
      product *= std::sin(waves[a] * std::numbers::pi * ((a == 0 ? x : y) - low) / length);
    }
    return product;
  };
  std::vector<double> rise(std::size_t(mesh.faces.size()));
  std::size_t f = 0;
  for_each_face(
      *mesh.box, GhostLayers(*mesh.box),
      [&](int axis, const BlockIndex&, std::int32_t left, std::int32_t) {
        const std::int64_t cell = mesh.global[std::size_t(left)];
        const auto i = std::size_t(cell % box.cells(0)), j = std::size_t(cell / box.cells(0));
        const std::vector<double>&x = box.nodes[0], &y = box.nodes[1];
        const double b = axis == 0
                             ? (psi(x[i + 1], y[j + 1]) - psi(x[i + 1], y[j])) / (y[j + 1] - y[j])
                             : (psi(x[i], y[j + 1]) - psi(x[i + 1], y[j + 1])) / (x[i + 1] - x[i]);
        rise[f] = -b * mesh.faces.distance[f];
        ++f;
      });
  return rise;
}

}  // namespace

Streams::Streams(const Mesh& mesh, int M) : mesh_(mesh) {
  const auto length = [&](std::size_t a) {
    const auto& nodes = mesh.box->box.nodes[a];
    return nodes.back() - nodes.front();
  };
  for (int m = 1; m <= M; ++m) {
    for (int n = 1; n <= M; ++n) {
      rises_.push_back(rises_of_stream(mesh, m, n));
      const double waves = std::pow(m * std::numbers::pi / length(0), 2) +
                           std::pow(n * std::numbers::pi / length(1), 2);
      bending_.push_back(waves * waves * length(0) * length(1) / 4);
    }
  }
}

std::vector<double> Streams::rise_of(std::span<const double> c) const {
  std::vector<double> sum(std::size_t(mesh_.faces.size()), 0.0);
  for (std::size_t i = 0; i < rises_.size(); ++i) {
    for (std::size_t f = 0; f < sum.size(); ++f) sum[f] += c[i] * rises_[i][f];
  }
  return sum;
}

void Streams::pull_back(std::span<const double> y, std::span<double> out) const {
  for (std::size_t i = 0; i < rises_.size(); ++i) {
    out[i] = 0;
    for (std::size_t f = 0; f < y.size(); ++f) {
      if (mesh_.faces.left[f] < mesh_.owned) out[i] += rises_[i][f] * y[f];
    }
  }
  mesh_.comm.sum_in_place(out);
}

}  // namespace otto
