// Runs on boxes give the same bits on every rank count and every grid of processes as on one rank.

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <map>
#include <random>

#include "otto/core/petsc.h"
#include "otto/core/reproducible_sum.h"
#include "scenario.h"

namespace otto {
namespace {

using test::Scenario;

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

std::vector<double> columns(const StepRecord& r) {
  const Ledger& l = r.ledger;
  return {r.time,
          r.dt,
          l.mass,
          l.min_density,
          l.max_density,
          l.free_energy,
          l.dissipation,
          r.edi_gap,
          double(r.newton_iterations),
          double(r.linear_iterations)};
}

/// All grids of processes in `dimension` dimensions for the ranks of this run.
std::vector<std::string> grids(int dimension) {
  const int n = Comm().size();
  std::vector<std::string> all;
  for (int x = 1; x <= n; ++x) {
    for (int y = 1; y <= n / x; ++y) {
      const int z = n / x / y;
      if (x * y * z != n || (dimension < 3 && z > 1) || (dimension < 2 && y > 1)) continue;
      all.push_back(std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z));
    }
  }
  return all;
}

void expect_same_bits(const std::string& toml, int dimension) {
  const PetscCalls with_options;  // they are gone afterwards
  set_petsc_options({{"box_ranks", "1"}});
  Scenario alone(toml, {}, Comm(MPI_COMM_SELF));
  State one = alone.initial();
  alone.run(one);
  for (const std::string& grid : grids(dimension)) {
    set_petsc_options({{"box_ranks", grid}});
    Scenario whole(toml);
    State all = whole.initial();
    whole.run(all);
    std::size_t differ = 0;
    for (std::size_t k = 0; k < std::size_t(whole.mesh.owned); ++k) {
      const auto K = std::size_t(whole.mesh.global[k]);
      differ += bits(all.density[k]) != bits(one.density[K]) ? 1 : 0;
    }
    EXPECT_EQ(differ, 0u) << "cells, on the grid " << grid;
    ASSERT_EQ(whole.records.size(), alone.records.size()) << "on the grid " << grid;
    for (std::size_t s = 0; s < alone.records.size(); ++s) {
      const auto a = columns(whole.records[s]), b = columns(alone.records[s]);
      for (std::size_t c = 0; c < a.size(); ++c) {
        EXPECT_EQ(bits(a[c]), bits(b[c]))
            << "column " << c << " of step " << s << ", grid " << grid;
      }
    }
  }
}

std::string well(int dimension, const std::string& cells, const std::string& time) {
  const std::string upper = dimension == 1 ? "[2]" : dimension == 2 ? "[2, 2]" : "[2, 2, 2]";
  const std::string lower = dimension == 1 ? "[-2]" : dimension == 2 ? "[-2, -2]" : "[-2, -2, -2]";
  return "[mesh]\nkind = \"box\"\nlower = " + lower + "\nupper = " + upper + "\ncells = " + cells +
         "\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
         "expression = \"2*(x^2-1)^2 + " +
         std::string(dimension > 1 ? "2*y^2" : "0") +
         "\"\n[initial]\nkind = \"gaussian\"\nmean = " +
         (dimension == 1   ? "[-1]"
          : dimension == 2 ? "[-1, 0.3]"
                           : "[-1, 0.3, 0]") +
         "\nvariance = 0.1\n[time]\nend = 0.04\nstep = 0.02\n" + time;
}

TEST(SameBits, LinearSchemes) {
  for (const char* scheme : {"implicit_euler", "bdf2", "tr_bdf2"}) {
    SCOPED_TRACE(scheme);
    const std::string time = "scheme = \"" + std::string(scheme) + "\"\n";
    expect_same_bits(well(1, "[203]", time), 1);
    expect_same_bits(well(2, "[50, 37]", time), 2);
    expect_same_bits(well(3, "[14, 16, 11]", time), 3);
  }
}

TEST(SameBits, ProximalSteps) {
  const std::string time = "scheme = \"jko\"\n";
  expect_same_bits(well(1, "[64]", time), 1);  // few enough for a direct solve on one rank
  expect_same_bits(well(2, "[50, 37]", time), 2);
  expect_same_bits(well(3, "[14, 16, 11]", time), 3);
}

/// From a narrow start, whose first step is made in pieces, and from one as wide as the well.
TEST(SameBits, ProximalStepsOfSecondOrder) {
  for (const char* scheme : {"jko_bdf2", "jko_midpoint"}) {
    for (const char* variance : {"0.1", "0.6"}) {
      SCOPED_TRACE(std::string(scheme) + " from variance " + variance);
      const auto steps = [&](int dimension, const char* cells) {
        std::string toml = well(dimension, cells, "scheme = \"" + std::string(scheme) + "\"\n");
        toml.replace(toml.find("variance = 0.1") + 11, 3, variance);
        toml.replace(toml.find("end = 0.04") + 6, 4, "0.08");
        expect_same_bits(toml, dimension);
      };
      steps(2, "[26, 19]");
      if (variance == std::string("0.6")) continue;
      steps(1, "[64]");
      steps(3, "[8, 10, 9]");
    }
  }
}

/// Fourier transforms whose lines do not see the slabs they are cut into.
TEST(SameBits, Interactions) {
  const std::string pairs =
      "[[energy]]\nkind = \"interaction\"\nlibrary = \"gaussian\"\nstrength = 2.0\nrange = 0.5\n";
  const std::string time = "scheme = \"jko\"\n";
  expect_same_bits(pairs + well(1, "[64]", time), 1);
  expect_same_bits(pairs + well(2, "[26, 19]", "scheme = \"jko_bdf2\"\n"), 2);
  expect_same_bits(pairs + well(3, "[8, 10, 9]", time), 3);
}

/// Substitutions in the order of phi that go from rank to rank, alone and inside of GMRES.
TEST(SameBits, InnerSteps) {
  for (const char* weights : {"upwind", "centred"}) {
    SCOPED_TRACE(weights);
    std::string toml =
        well(2, "[13, 10]",
             "scheme = \"jko\"\ninner_steps = 2\nweights = \"" + std::string(weights) + "\"\n");
    toml.replace(toml.find("end = 0.04"), 10, "end = 0.02");
    expect_same_bits(toml, 2);
  }
}

/// Densities whose bounds are put right after Newton's method, on a way of two steps.
TEST(SameBits, BoundsInStepsOfSecondOrder) {
  std::string toml = well(2, "[14, 11]", "scheme = \"jko_bdf2\"\n");
  const std::string entropy = "kind = \"entropy\"\ntemperature = 1.0\n";
  toml.replace(toml.find(entropy), entropy.size(), "kind = \"power\"\nexponent = 2.0\n");
  toml.replace(toml.find("kind = \"gaussian\"\nmean = [-1, 0.3]\nvariance = 0.1"), 49,
               "kind = \"expression\"\nexpression = \"1 + 0.5*cos(x)*cos(y)\"");
  expect_same_bits(toml, 2);
}

constexpr const char* whole = "[run]\nreproducible = true\n";

/// GMRES and hypre's multigrid on the first rank.
TEST(SameBits, DriftAndDeepEnergies) {
  const std::string drift = "[drift]\nexpression = [\"y\", \"-x\"]\n";
  for (const char* scheme : {"implicit_euler", "tr_bdf2", "midpoint", "exponential"}) {
    SCOPED_TRACE(scheme);
    const std::string time = "scheme = \"" + std::string(scheme) + "\"\n";
    expect_same_bits(whole + drift + well(2, "[26, 19]", time), 2);
  }
  std::string deep = well(2, "[26, 19]", "scheme = \"implicit_euler\"\n");
  deep.replace(deep.find("2*(x^2-1)^2"), 11, "90*(x^2-1)^2");
  expect_same_bits(whole + deep, 2);
}

/// Bounds: corrections on the layer of a free boundary, the algebraic multigrid, and patches.
TEST(SameBits, BoundsOnTheDensity) {
  for (const char* internal :
       {"kind = \"power\"\nexponent = 2.5\n", "kind = \"crowd\"\nmaximum = 0.9\n"}) {
    SCOPED_TRACE(internal);
    std::string toml = well(2, "[26, 19]", "scheme = \"jko\"\n");
    const std::string entropy = "kind = \"entropy\"\ntemperature = 1.0\n";
    toml.replace(toml.find(entropy), entropy.size(), internal);
    toml.replace(toml.find("variance = 0.1"), 14, "variance = 0.3");
    expect_same_bits(toml, 2);
  }
}

/// A landscape on which the algebraic multigrid takes over.
TEST(SameBits, RuggedLandscapes) {
  std::string toml = well(2, "[40, 33]", "scheme = \"implicit_euler\"\n");
  toml.replace(toml.find("2*(x^2-1)^2"), 11, "2*(x^2-1)^2 + 6*sin(31*x)*cos(37*y+x)");
  toml.replace(toml.find("end = 0.04\nstep = 0.02"), 22, "end = 4\nstep = 2");
  expect_same_bits(toml, 2);
}

/// What each rank adds plainly, and MPI then, differs from that on one rank for most seeds: the test
/// of runs would see it.
TEST(SameBits, SumsOverRanks) {
  const Comm world;
  int plain_differs = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    ReproducibleSum mine, all;
    double plain = 0, plain_all = 0;
    for (int k = 0; k < 4000; ++k) {
      const double x = std::ldexp(uniform(random), int(random() % 60));
      all += x;
      plain_all += x;
      if (int(random() % std::uint64_t(world.size())) != world.rank()) continue;
      mine += x;
      plain += x;
    }
    plain_differs += bits(world.sum(plain)) != bits(plain_all) ? 1 : 0;
    EXPECT_EQ(bits(sum_of_all(world, mine)), bits(all.value()));
  }
  if (world.size() > 1) {
    EXPECT_GT(plain_differs, 0);
  }
}

}  // namespace
}  // namespace otto
