// Trainings have the same bits on every number of ranks and every grid of processes as on one rank.

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

#include "otto/core/petsc.h"
#include "training.h"

namespace otto {
namespace {

using namespace test;

std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> all;
  for (const double x : values) all.push_back(std::bit_cast<std::uint64_t>(x));
  return all;
}

struct Learned {
  std::vector<double> kl, theta;
};

Learned learn(const Comm& comm, const TrainOptions& options) {
  Box box = cube(2, 3, 41);  // 1599 cells: seven blocks of 256
  box.nodes[1] = graded_nodes(-3, 3, 39, 1.02);
  Trained t(comm, box, two_bumps, small_mlp(2, 3), options);
  const std::vector<double> kl = t.run(2);
  return {kl, t.theta()};
}

TEST(Ranks, TrainingsHaveTheSameBits) {
  for (const ObjectiveEntry& entry : all_objectives()) {
    for (const char* sampler : {"persistent", "jko"}) {
      const bool jko = sampler == std::string("jko");
      if (jko && entry.name != "gradient_penalty") continue;
      SCOPED_TRACE(entry.name + ", " + sampler);
      TrainOptions options = options_of(entry.name, 100);
      options.sampler = sampler;
      options.tau = jko ? 0.1 : entry.tau;
      options.cg_iterations = 10;
      options.particles = 600;
      options.sampler_steps = entry.takes_jko ? 1 : 5;
      const PetscCalls with_options;  // they are gone afterwards
      set_petsc_options({{"box_ranks", "1"}});
      const Learned one = learn(Comm(MPI_COMM_SELF), options);
      const int n = Comm().size();
      for (int x = 1; x <= n; ++x) {
        if (n % x != 0) continue;
        const std::string grid = std::to_string(x) + "," + std::to_string(n / x);
        set_petsc_options({{"box_ranks", grid}});
        const Learned all = learn(Comm(), options);
        EXPECT_EQ(bits(all.kl), bits(one.kl)) << grid;
        EXPECT_EQ(bits(all.theta), bits(one.theta)) << grid;
      }
    }
  }
}

}  // namespace
}  // namespace otto
