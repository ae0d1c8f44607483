// The Poisson solves of the Wasserstein metric: their iterations do not depend on the mesh.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "otto/learn/grid_flow.h"
#include "training.h"

namespace otto {
namespace {

using namespace test;

/// Eight normal laws on a circle; between and around them masses fall to 1e-30.
double eight(const Point& x) {
  double sum = 0;
  for (int k = 0; k < 8; ++k) {
    const double angle = k * std::acos(-1) / 4, R = 2.8;
    const double dx = x[0] - R * std::cos(angle), dy = x[1] - R * std::sin(angle);
    sum += std::exp(-4 * (dx * dx + dy * dy));
  }
  return sum;
}

int iterations(std::int64_t cells) {
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 4.5, cells));
  GridFlow flow(mesh, {.rtol = 1e-8});
  const auto p = masses_of(mesh, eight);
  std::vector<double> V(p.size()), b(p.size()), x(p.size());
  double mean = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    V[i] = -std::log(p[i] / mesh.volume[i]);
    b[i] = std::sin(2 * mesh.center[i][0]) * std::cos(mesh.center[i][1]) + mesh.center[i][1];
    mean += p[i] * b[i];
  }
  mean = mesh.comm.sum(mean);
  for (std::size_t i = 0; i < p.size(); ++i) b[i] = p[i] * (b[i] - mean);
  flow.set(V);
  return flow.poisson(b, x);
}

TEST(Poisson, IterationsDoNotDependOnTheMesh) {
  std::vector<int> counts;
  for (const std::int64_t cells : {48, 96, 192, 384}) {
    counts.push_back(iterations(cells));
    RecordProperty("cells_" + std::to_string(cells), counts.back());
  }
  const auto [min, max] = std::ranges::minmax(counts);
  EXPECT_LE(max, 1.3 * min);
}

}  // namespace
}  // namespace otto
