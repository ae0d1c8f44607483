// D that varies, a number or a tensor: rho = 100 + cos(pi x) cos(pi y) ... is at rest with the source
//
//   s = rho - div(D grad rho) > 0,
//
// k = 1, kT = 1 and V = 0; on boxes in the plane and in space, and on triangles.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "scenario.h"

namespace otto::test {
namespace {

struct Law {
  std::string diffusion, source;
  int dimension;
};

const std::string waves = "cos(pi*x)*cos(pi*y)";
/// d_x rho, d_y rho and pi^2 times the waves, in the plane.
const std::string by_x = "(-pi*sin(pi*x)*cos(pi*y))", by_y = "(-pi*cos(pi*x)*sin(pi*y))",
                  bend = "(-pi^2*cos(pi*x)*cos(pi*y))";

const Law number{
    "expression = \"1 + x^2 + y\"",
    "100 + " + waves + " - (2*x*" + by_x + " + " + by_y + " + 2*(1 + x^2 + y)*" + bend + ")", 2};
const Law tensor{"tensor = [[\"1 + x^2 + y\", 0], [0, \"0.01*exp(x*y)\"]]",
                 "100 + " + waves + " - (2*x*" + by_x + " + (1 + x^2 + y)*" + bend +
                     " + 0.01*exp(x*y)*(x*" + by_y + " + " + bend + "))",
                 2};
const Law in_space{
    "tensor = [[\"1 + y*z\", 0, 0], [0, \"0.1*(2 + x)\", 0], [0, 0, \"exp(x - y)\"]]",
    "100 + (1 + pi^2*(1 + y*z + 0.1*(2 + x) + exp(x - y)))*" + waves + "*cos(pi*z)", 3};

struct Error {
  double cells, l2, max;
};

Error error_on(const std::string& mesh, const Law& law) {
  Scenario s(mesh +
             "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
             "expression = \"0\"\n[diffusion]\n" +
             law.diffusion + "\n[reaction]\nrate = \"1\"\nsource = \"" + law.source +
             "\"\n[initial]\nkind = \"uniform\"\n[time]\nscheme = \"implicit_euler\"\nstep = 1e4\n"
             "end = 3e4\n[solver]\nrtol = 1e-11\n");
  State state = s.initial();
  s.run(state);
  double square = 0, max = 0;
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    double exact = 1;
    for (int a = 0; a < law.dimension; ++a) {
      exact *= std::cos(std::numbers::pi * s.mesh.center[k][std::size_t(a)]);
    }
    const double e = state.density[k] - 100 - exact;
    square += s.mesh.volume[k] * e * e;
    max = std::max(max, std::abs(e));
  }
  return {double(s.mesh.global_cells), std::sqrt(s.mesh.comm.sum(square)), s.mesh.comm.max(max)};
}

void expect_order_two(const std::string& coarse, const std::string& fine, const Law& law) {
  const Error a = error_on(coarse, law), b = error_on(fine, law);
  const double halvings = std::log2(b.cells / a.cells) / law.dimension;
  EXPECT_GE(std::log2(a.l2 / b.l2) / halvings, 1.9) << a.l2 << " to " << b.l2;
  EXPECT_LE(b.l2, 0.03);
}

std::string box(int n, int dimension, const std::string& more = "") {
  std::string lower, upper, cells;
  for (int a = 0; a < dimension; ++a) {
    const std::string comma = a > 0 ? ", " : "";
    lower += comma + "0", upper += comma + "1", cells += comma + std::to_string(n + 2 * a);
  }
  return "[mesh]\nlower = [" + lower + "]\nupper = [" + upper + "]\ncells = [" + cells + "]\n" +
         more;
}

std::string acute(int refine, const std::string& volumes) {
  return fmt::format("[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                     "/meshes/acute.msh\"\nrefine = {}\ncontrol_volumes = \"{}\"\n",
                     refine, volumes);
}

TEST(DiffusionOrder, IsTwoInThePlane) {
  expect_order_two(box(24, 2), box(48, 2), number);
  expect_order_two(box(24, 2), box(48, 2), tensor);
}

TEST(DiffusionOrder, IsTwoInSpace) { expect_order_two(box(10, 3), box(20, 3), in_space); }

TEST(DiffusionOrder, IsTwoOnTriangles) {
  for (const char* volumes : {"elements", "vertices", "medians"}) {
    SCOPED_TRACE(volumes);
    expect_order_two(acute(1, volumes), acute(2, volumes), number);
  }
}

}  // namespace
}  // namespace otto::test
