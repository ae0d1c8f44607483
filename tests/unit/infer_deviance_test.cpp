// The deviance that counts drawn from the model would have, against draws; and populations at rest.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "otto/core/random.h"
#include "otto/infer/deviance.h"
#include "otto/infer/likelihood.h"
#include "otto/infer/rest.h"
#include "otto/mesh/box.h"

namespace otto {
namespace {

Mesh line() {
  Box b;
  b.dimension = 1;
  b.nodes[0] = graded_nodes(-3, 3, 60, 1);
  return make_box_mesh(Comm(), b);
}

/// Independent cells: of `count` particles each falls where a normal law of this mean has it.
Snapshot drawn(int count, double mean, double time, std::uint64_t seed) {
  Snapshot s;
  s.time = time;
  s.density.assign(60, 0.0);
  s.samples = count;
  for (int i = 0; i < count; ++i) {
    const double x = mean + 0.5 * RandomAt(seed, 1, std::uint64_t(i)).normal()[0];
    s.density[std::size_t(std::clamp((x + 3) / 0.1, 0.0, 59.0))] += 1 / (0.1 * count);
  }
  return s;
}

TEST(Infer, TheDevianceOfFewCountsIsExpectedRight) {
  const Mesh mesh = line();
  const FreeEnergy energy(0.25, {});
  for (const int count : {60, 600}) {
    double sum = 0, squares = 0;
    DevianceLaw law;
    constexpr int draws = 200;
    for (int d = 0; d < draws; ++d) {
      Snapshots data;
      data.seen = {drawn(100000, 0, 0, 7), drawn(count, 0, 1, 100 + std::uint64_t(d))};
      Generator generator(mesh, energy, find_flux("scharfetter_gummel"));
      FitSettings options;
      options.each = false;
      Objective objective(generator, data, options, {4});
      Objective::Vector V;
      for (std::size_t k = 0; k < 60; ++k) V.push_back(0.5 * std::pow(mesh.center[k][0], 2));
      (void)objective.value(V);
      law = deviance_law(objective, data, 1e-4);
      sum += 2 * objective.misfit();
      squares += std::pow(2 * objective.misfit(), 2);
    }
    const double mean = sum / draws, deviation = std::sqrt(squares / draws - mean * mean);
    EXPECT_NEAR(law.mean, mean, 1.5 + 4 * deviation / std::sqrt(draws))
        << count;  // 1: a fixed total
    EXPECT_NEAR(law.deviation / deviation, 1, 0.25) << count;
  }
}

TEST(Infer, CountsAtRestAreRecognised) {
  const Mesh mesh = line();
  int still = 0, moved = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Snapshots data;
    data.seen = {drawn(50, 0, 0, 3 * seed), drawn(500, 0, 1, 3 * seed + 1)};
    still += at_rest(mesh, data) ? 1 : 0;
    data.seen[1] = drawn(500, 0.6, 1, 3 * seed + 2);
    moved += at_rest(mesh, data) ? 0 : 1;
  }
  EXPECT_GE(still, 49);
  EXPECT_GE(moved, 48);
}

TEST(Infer, DensitiesThatComeBackHaveMoved) {
  const Mesh mesh = line();
  Snapshots data;
  data.seen = {drawn(100, 0, 0, 1), drawn(100, 1, 1, 2), drawn(100, 0, 2, 1)};
  for (Snapshot& s : data.seen) s.samples = 0;
  EXPECT_FALSE(at_rest(mesh, data));
  data.seen.erase(data.seen.begin() + 1);
  EXPECT_TRUE(at_rest(mesh, data));
}

}  // namespace
}  // namespace otto
