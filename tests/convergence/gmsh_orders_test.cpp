// Orders in space on Gmsh meshes: the exponential drift of Cances and others (2018), exact on the
// unit square and cube, with TR-BDF2 (cells bounded by medians: midpoint) steps that shrink with h:
//
//   V = -x, kT = 1:   rho = e^(-(pi^2 + 1/4) t + x/2) (pi cos pi x + sin(pi x) / 2) + pi e^(x -
//   1/2)
//
// Errors are taken at the cells' centres. Orders follow from the numbers of cells, h ~ n^(-1/d).

#include <gtest/gtest.h>

#include <cmath>

#include "otto/driver/summary.h"
#include "scenario.h"

using namespace otto;
using namespace otto::test;

namespace {

struct Family {
  const char* file;
  const char* control_volumes;
  int dimension, finest;  ///< mesh.refine
};

struct Level {
  double cells, l1, l2;
};

Level run(const Family& family, int refine) {
  const bool medians = std::string(family.control_volumes) == "medians";
  const std::string text =
      std::string("[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR "/") + family.file +
      ".msh\"\nrefine = " + std::to_string(refine) + "\ncontrol_volumes = \"" +
      family.control_volumes +
      "\"\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
      "expression = \"-x\"\n[initial]\nkind = \"expression\"\nmass = 3.2741383671185713\n"
      "expression = \"exp(x/2)*(pi*cos(pi*x) + 0.5*sin(pi*x)) + pi*exp(x - 0.5)\"\n"
      "[flux]\nkind = \"" +
      (medians ? "simplex" : "scharfetter_gummel") + "\"\n[time]\nscheme = \"" +
      (medians ? "midpoint" : "tr_bdf2") +
      "\"\nend = 0.1\nstep = " + std::to_string(0.05 / std::exp2(refine)) +
      "\n[solver]\nrtol = 1e-11\n[exact]\ndensity = \"exp(-(pi^2 + 0.25)*t + x/2) * (pi*cos(pi*x) "
      "+ 0.5*sin(pi*x)) + pi*exp(x - 0.5)\"\n";
  Scenario s(text);
  State state = s.initial();
  s.run(state);
  const auto exact = exact_density(s.c, s.mesh, 0.1);
  const auto owned = std::span(state.density).first(std::size_t(s.mesh.owned));
  const ErrorNorms e = error_norms(s.mesh, owned, *exact);
  return {double(s.mesh.global_cells), e.l1, e.l2};
}

class GmshOrder : public testing::TestWithParam<Family> {};

TEST_P(GmshOrder, IsTwo) {
  const Family& family = GetParam();
  const Level coarse = run(family, family.finest - 1), fine = run(family, family.finest);
  const double ratio = std::log(fine.cells / coarse.cells) / family.dimension;
  EXPECT_GE(std::log(coarse.l1 / fine.l1) / ratio, 1.9) << fine.l1;
  EXPECT_GE(std::log(coarse.l2 / fine.l2) / ratio, 1.9) << fine.l2;
}

INSTANTIATE_TEST_SUITE_P(Families, GmshOrder,
                         testing::Values(Family{"meshes/acute", "elements", 2, 3},
                                         Family{"meshes/acute", "vertices", 2, 3},
                                         Family{"meshes/acute", "medians", 2, 3},
                                         Family{"tests/meshes/split_squares", "elements", 2, 3},
                                         Family{"tests/meshes/cube", "elements", 3, 2},
                                         Family{"tests/meshes/cube", "vertices", 3, 2},
                                         Family{"tests/meshes/split_cubes", "vertices", 3, 3}),
                         [](const auto& of) {
                           std::string name =
                               std::string(of.param.file) + "_" + of.param.control_volumes;
                           for (char& c : name) c = c == '/' ? '_' : c;
                           return name;
                         });

}  // namespace
