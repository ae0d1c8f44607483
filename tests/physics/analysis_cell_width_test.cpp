// What is left of the error of rates when the width of the cells is taken into account: waves, wells 20 to 120 kT deep
// against quadrature, walls that V presses mass against.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/analysis/spectrum.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string numbers(int dimension, const std::string& value) {
  std::string list = value;
  for (int a = 1; a < dimension; ++a) list += ", " + value;
  return "[" + list + "]";
}

std::string energy(int dimension, double lower, double upper, int cells,
                   const std::string& expression, const std::string& more = "") {
  return "[mesh]\nlower = " + numbers(dimension, std::to_string(lower)) +
         "\nupper = " + numbers(dimension, std::to_string(upper)) +
         "\ncells = " + numbers(dimension, std::to_string(cells)) +
         "\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
         "expression = \"" +
         expression + "\"\n" + more;
}

std::vector<Mode> modes_of(const std::string& text, int count) {
  Scenario s(text);
  ShiftedSolver solver(s.generator, {});
  return slowest_modes(s.generator, solver, {.count = count}).modes;
}

/// 1 / rate of b (x^2 - 1)^2 + t x is int exp(V) over the barrier, over 1/mass + 1/mass of the wells, up to parts of
/// exp(-b).
double double_well_by_quadrature(double b, double t) {
  const auto V = [&](double x) { return b * (x * x - 1) * (x * x - 1) + t * x; };
  double top = 0;
  for (int i = -1000; i <= 1000; ++i) top = V(i * 5e-4) > V(top) ? i * 5e-4 : top;
  double barrier = 0, left = 0, right = 0;
  const int n = 400000;
  for (int i = 0; i < n; ++i) {
    const double x = -1.8 + 3.6 * (i + 0.5) / n, dx = 3.6 / n;
    if (std::abs(x) < 1) barrier += dx * std::exp(V(x) - V(top));
    (x < top ? left : right) += dx * std::exp(-V(x));
  }
  return std::exp(-V(top)) / barrier * (1 / left + 1 / right);
}

TEST(CellWidth, WavesInAFlatEnergy) {
  const std::vector<Mode> modes = modes_of(energy(1, 0, 1, 16, "0"), 6);
  for (std::size_t k = 0; k < modes.size(); ++k) {
    const double exact = std::pow(std::numbers::pi * double(k + 1), 2);
    const double matrix = modes[k].rate / exact - 1, off = modes[k].corrected / exact - 1;
    EXPECT_LE(matrix, -3e-3 * std::pow(double(k + 1), 2));
    EXPECT_LE(std::abs(off), modes[k].coarseness) << k;
    EXPECT_LE(std::abs(off), 0.3 * std::abs(matrix)) << k;
    EXPECT_LE(modes[k].coarseness, 0.5 * std::abs(matrix)) << k;
  }
}

TEST(CellWidth, DeepWellsOnALine) {
  for (const double b : {20.0, 40.0, 80.0, 120.0}) {
    const double exact = double_well_by_quadrature(b, 0.05 * b);
    for (const int cells : {100, 200, 400}) {
      const Mode mode =
          modes_of(energy(1, -1.8, 1.8, cells,
                          std::to_string(b) + "*(x^2-1)^2 + 0.05*x*" + std::to_string(b)),
                   1)[0];
      EXPECT_GE(mode.rate / exact - 1, 4e-6 * b * std::pow(400.0 / cells, 2));  // of the matrix
      EXPECT_LE(std::abs(mode.corrected / exact - 1), mode.coarseness) << b << ' ' << cells;
      EXPECT_LE(std::abs(mode.corrected / exact - 1), 1e-4) << b << ' ' << cells;
    }
  }
}

/// Turned by `angle`; the way across is a parabola, whose wells are as wide everywhere.
TEST(CellWidth, DeepWellsInThePlane) {
  for (const double b : {20.0, 60.0, 90.0, 120.0}) {
    const double exact = double_well_by_quadrature(b, 0.04 * b);
    for (const double angle : {0.0, 0.3, 0.7}) {
      const std::string c = std::to_string(std::cos(angle)), s = std::to_string(std::sin(angle));
      const std::string X = "(" + c + "*x+" + s + "*y)", Y = "(" + c + "*y-" + s + "*x)";
      const std::string V = "min(" + std::to_string(b) + "*((" + X + "^2-1)^2 + 0.04*" + X +
                            " + 0.7*" + Y + "^2), " + std::to_string(3 * b) + ")";
      const Mode mode = modes_of(energy(2, -1.6, 1.6, 64, V), 1)[0];
      EXPECT_TRUE(mode.resolved() && mode.fine());
      EXPECT_LE(std::abs(mode.corrected / exact - 1), mode.coarseness) << b << ' ' << angle;
      EXPECT_LE(std::abs(mode.corrected / exact - 1), 2e-3) << b << ' ' << angle;
    }
  }
}

TEST(CellWidth, EscapeOverATop) {
  for (const double b : {25.0, 60.0, 120.0}) {
    const double exact = double_well_by_quadrature(b, 0);  // half of it, twice as fast
    const Mode mode = modes_of(energy(1, -1.8, 0, 100, std::to_string(b) + "*(x^2-1)^2",
                                      "[boundary]\nabsorbing = [\"x_max\"]\n"),
                               1)[0];
    EXPECT_GE(mode.rate / exact - 1, 1e-3);
    EXPECT_LE(std::abs(mode.corrected / exact - 1), 1e-5) << b;
  }
}

/// V = -a x between walls: a^2 / 4 + (k pi)^2.
TEST(CellWidth, MassPressedAgainstAWall) {
  for (const double a : {5.0, 30.0}) {
    const std::vector<Mode> modes = modes_of(energy(1, 0, 1, 64, std::to_string(-a) + "*x"), 3);
    for (std::size_t k = 0; k < modes.size(); ++k) {
      const double exact = a * a / 4 + std::pow(std::numbers::pi * double(k + 1), 2);
      EXPECT_LE(std::abs(modes[k].corrected / exact - 1),
                0.1 * std::abs(modes[k].rate / exact - 1));
      EXPECT_LE(std::abs(modes[k].corrected / exact - 1), modes[k].coarseness);
    }
  }
}

TEST(CellWidth, CellsAsWideAsAWellAreNotFine) {
  const Mode mode = modes_of(energy(1, -1.8, 1.8, 24, "110*(x^2-1)^2"), 1)[0];
  EXPECT_TRUE(mode.resolved());
  EXPECT_FALSE(mode.fine());
  EXPECT_EQ(mode.corrected, mode.rate);
}

/// Unequal cells: nothing is corrected, and what is told holds the error.
TEST(CellWidth, UnequalCellsAreEstimated) {
  const double exact = double_well_by_quadrature(40, 0);
  std::string text = energy(1, -1.8, 1.8, 80, "40*(x^2-1)^2");
  text.insert(text.find("cells"), "grading = [3.0]\n");
  const Mode mode = modes_of(text, 1)[0];
  EXPECT_EQ(mode.corrected, mode.rate);
  EXPECT_LE(std::abs(mode.rate / exact - 1), 1.2 * mode.coarseness);
  EXPECT_LE(mode.coarseness, 2 * std::abs(mode.rate / exact - 1));
}

}  // namespace
}  // namespace otto::test
