// Energies and initial densities do not depend on how the mesh is cut.

#include <gtest/gtest.h>

#include <cmath>

#include "otto/initial/initial.h"
#include "scratch.h"
#include "unit/energy_files.h"
#include "unit/energy_support.h"

namespace otto {
namespace {

const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n";
/// V of the first d coordinates.
std::string well(int d) {
  const char* const more[] = {"", " + x*y", " + x*y - 0.3*z"};
  return std::string("[[energy]]\nkind = \"external\"\nexpression = \"(x^2 - 1)^2") + more[d - 1] +
         "\"\n";
}

std::vector<double> external(const FreeEnergy& energy, const Mesh& mesh) {
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0, V);
  return V;
}

TEST(ParallelEnergy, OwnedAndGhostCellsHaveTheValuesOfOneRank) {
  for (const bool periodic : {false, true}) {
    for (int d = 1; d <= 3; ++d) {
      const Mesh whole = cube(d, -1, 2, 9, Comm(MPI_COMM_SELF), periodic);
      const Mesh part = cube(d, -1, 2, 9, Comm(MPI_COMM_WORLD), periodic);
      const Case c = case_of(entropy + well(d));
      const auto expected = external(make_free_energy(c.sections("energy"), whole), whole);
      const auto V = external(make_free_energy(c.sections("energy"), part), part);
      for (std::size_t i = 0; i < V.size(); ++i) {
        EXPECT_EQ(V[i], expected[static_cast<std::size_t>(part.global[i])]);
      }
    }
  }
}

TEST(ParallelEnergy, InitialDensitiesAreThoseOfOneRank) {
  const std::string kinds[] = {
      "kind = \"uniform\"", "kind = \"gibbs\"",
      "kind = \"expression\"\nexpression = \"exp(-x^2)*(2 + sin(y))\"",
      "kind = \"gaussian\"\nmean = [0.2, 0.1]\nvariance = [0.3, 0.01]",
      "kind = \"gaussian\"\nmean = [0.2, 0.1]\ncovariance = [0.3, 0.1, 0.1, 0.2]"};
  for (const bool periodic : {false, true}) {
    const Mesh whole = cube(2, -1, 2, 13, Comm(MPI_COMM_SELF), periodic);
    const Mesh part = cube(2, -1, 2, 13, Comm(MPI_COMM_WORLD), periodic);
    for (const std::string& kind : kinds) {
      const Case c = case_of(entropy + well(2) + "[initial]\nmass = 2.0\n" + kind + "\n");
      const auto expected =
          initial_density(c, whole, make_free_energy(c.sections("energy"), whole));
      const auto rho = initial_density(c, part, make_free_energy(c.sections("energy"), part));
      EXPECT_NEAR(integral(part, rho), 2, 1e-14);
      for (std::size_t i = 0; i < rho.size(); ++i) {
        const double e = expected[static_cast<std::size_t>(part.global[i])];
        EXPECT_NEAR(rho[i], e, 4e-15 * e) << kind;
      }
    }
  }
}

TEST(ParallelEnergy, FilesGiveEveryRankItsCells) {
  const Comm world;
  const ScratchFolder scratch(world);
  const Mesh whole = cube(2, 0, 1, 20);
  const auto value = [](const Point& x) { return 1 + x[0] + 10 * x[1]; };
  if (world.is_root()) {
    write_table(scratch.path() / "V.h5", whole, "/cells/value", 7, value);
    write_table(scratch.path() / "rho.h5", whole, "/cells/density", 3, value);
    Dataset samples{"/samples", {}, 2};
    for (int i = 0; i < 400; ++i) {
      for (int k = 0; k <= i % 3; ++k) {
        samples.values.push_back((i % 20 + 0.5) / 20);
        samples.values.push_back((i / 20 + 0.5) / 20);
      }
    }
    write_h5(scratch.path() / "s.h5", {samples});
  }
  (void)world.any(false);
  const Mesh part = cube(2, 0, 1, 20, world);
  const auto file = scratch.path() / "case.toml";
  const Case table = case_of(entropy +
                                 "[[energy]]\nkind = \"external\"\ntable = \"V.h5\"\n[initial]\n"
                                 "kind = \"table\"\nfile = \"rho.h5\"\nmass = 6.5\n",
                             file);
  const FreeEnergy energy = make_free_energy(table.sections("energy"), part);
  const auto V = external(energy, part);
  const auto rho = initial_density(table, part, energy);
  for (std::size_t i = 0; i < V.size(); ++i) EXPECT_EQ(V[i], value(part.center[i]));
  for (std::size_t i = 0; i < rho.size(); ++i) EXPECT_NEAR(rho[i], V[i], 1e-13);
  const Case samples = case_of(entropy + "[initial]\nkind = \"samples\"\nfile = \"s.h5\"\n", file);
  const auto counted =
      initial_density(samples, part, make_free_energy(samples.sections("energy"), part));
  for (std::size_t i = 0; i < counted.size(); ++i) {
    const double count = static_cast<double>(part.global[i] % 3 + 1);
    EXPECT_NEAR(counted[i], count * 400 / 799, 1e-13);
  }
}

// A value that only one rank sees is an error on all of them, and the next collective call is met.
TEST(ParallelEnergy, WhatOneRankMeetsIsAnErrorOnAll) {
  const Comm world;
  const Mesh part = cube(1, 0, 1, 16, world);
  const auto bad = [&](const std::string& tables, const std::vector<std::string>& words) {
    const Case c = case_of(entropy + tables);
    expect_error(
        [&] { (void)initial_density(c, part, make_free_energy(c.sections("energy"), part)); },
        words);
    EXPECT_EQ(world.sum(1.0), world.size());
  };
  bad("[[energy]]\nkind = \"external\"\nexpression = \"1/(x - 0.96875)\"\n", {"(0.96875)"});
  bad("[initial]\nkind = \"expression\"\nexpression = \"0.95 - x\"\n", {"(0.96875)"});
  bad("[initial]\nkind = \"expression\"\nexpression = \"x < 0.9 ? 1 : sqrt(0-1)\"\n", {"nan"});
  bad("[initial]\nkind = \"table\"\nfile = \"nowhere.h5\"\n", {"nowhere.h5"});
  const Case c = case_of("[exact]\ndensity = \"1/(x > 0.9 ? 0 : 1)\"\n");
  expect_error([&] { (void)exact_density(c, part, 0); }, {"exact.density"});
}

}  // namespace
}  // namespace otto
