// W * rho by Fourier transforms against direct sums, on walls and periodic axes, in 1, 2 and 3
// dimensions; cell averages of rough kernels against closed forms; second order in h.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "scenario.h"

namespace otto::test {
namespace {

std::string box(int d, const std::string& cells, const std::string& periodic) {
  const std::vector<std::string> low{"[-1.0]", "[-1.0, 0.0]", "[-1.0, 0.0, -0.5]"};
  const std::vector<std::string> high{"[2.0]", "[2.0, 1.5]", "[2.0, 1.5, 1.0]"};
  const auto i = std::size_t(d - 1);
  return "[mesh]\nkind = \"box\"\nlower = " + low[i] + "\nupper = " + high[i] +
         "\ncells = " + cells + "\nperiodic = " + periodic + "\n";
}

std::string interaction(const std::string& lines) {
  return "[[energy]]\nkind = \"interaction\"\n" + lines + "\n";
}

/// A density without any symmetry, from the global number.
double some_density(std::int64_t global) {
  const double x = std::sin(12.9898 * double(global) + 1.0) * 43758.5453;
  return 0.1 + (x - std::floor(x));
}

struct Cells {
  std::vector<Point> center;  ///< of all cells, by global number
  Point period{};             ///< 0 along walls
  double volume = 1;
};

Cells all_cells(const Mesh& mesh) {
  Cells cells;
  const BoxBlock& b = *mesh.box;
  cells.center.resize(std::size_t(mesh.global_cells));
  for (std::size_t g = 0; g < cells.center.size(); ++g) {
    std::size_t rest = g;
    for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
      const auto n = std::size_t(b.cells(int(a)));
      const auto& x = b.box.nodes[a];
      cells.center[g][a] =
          x.front() + (double(rest % n) + 0.5) * (x.back() - x.front()) / double(n);
      rest /= n;
    }
  }
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    cells.volume *= b.width(int(a), 0);
    if (b.box.periodic[a]) cells.period[a] = b.box.nodes[a].back() - b.box.nodes[a].front();
  }
  return cells;
}

double distance(const Cells& cells, std::size_t K, std::size_t L) {
  double sum = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    double x = std::abs(cells.center[K][a] - cells.center[L][a]);
    if (cells.period[a] > 0) x = std::min(x, cells.period[a] - x);
    sum += x * x;
  }
  return std::sqrt(sum);
}

/// Largest difference to the direct sum, relative to the largest value.
double difference(const std::string& toml, const std::function<double(double)>& W) {
  Scenario s(toml);
  const Mesh& mesh = s.mesh;
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> rho(owned), found(owned);
  for (std::size_t k = 0; k < owned; ++k) rho[k] = some_density(mesh.global[k]);
  s.energy.interaction()->potential(rho, found);
  const Cells cells = all_cells(mesh);
  double worst = 0, max = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    double sum = 0;
    for (std::size_t L = 0; L < cells.center.size(); ++L) {
      sum += W(distance(cells, std::size_t(mesh.global[k]), L)) * some_density(std::int64_t(L));
    }
    sum *= cells.volume;
    worst = std::max(worst, std::abs(sum - found[k]));
    max = std::max(max, std::abs(sum));
  }
  return mesh.comm.max(worst) / mesh.comm.max(max);
}

struct Box {
  int dimension;
  const char* cells;
  const char* periodic;
};

TEST(Interaction, IsTheDirectSum) {
  const std::vector<Box> boxes{{1, "[37]", "[false]"},
                               {1, "[40]", "[true]"},
                               {1, "[5]", "[false]"},
                               {2, "[17, 12]", "[false, false]"},
                               {2, "[11, 16]", "[true, false]"},
                               {2, "[12, 9]", "[false, true]"},
                               {3, "[7, 6, 5]", "[false, false, false]"},
                               {3, "[6, 5, 8]", "[false, true, true]"}};
  for (const Box& b : boxes) {
    const std::string mesh = box(b.dimension, b.cells, b.periodic);
    SCOPED_TRACE(mesh);
    EXPECT_LE(difference(mesh + interaction("library = \"gaussian\"\nrange = 0.4\nstrength = 2.5"),
                         [](double r) { return -2.5 * std::exp(-r * r / 0.32); }),
              1e-12);
    EXPECT_LE(difference(mesh + interaction("library = \"quadratic\"") +
                             interaction("expression = \"cos(3*r)\"\nstrength = -2.0"),
                         [](double r) { return r * r / 2 - 2 * std::cos(3 * r); }),
              1e-12);
    EXPECT_LE(difference(mesh + interaction("library = \"attractive_repulsive\"\nattraction = 4.0\n"
                                            "repulsion = 2.0\nstrength = 3.0"),
                         [](double r) { return 3 * (std::pow(r, 4) / 4 - r * r / 2); }),
              1e-12);
  }
}

/// The field of a unit mass in one cell: the table of the kernel itself.
std::vector<double> field_of_one(Scenario& s, std::int64_t source) {
  std::vector<double> rho(std::size_t(s.mesh.owned), 0.0), out(rho.size());
  for (std::size_t k = 0; k < rho.size(); ++k) {
    if (s.mesh.global[k] == source) rho[k] = 1 / s.mesh.volume[k];
  }
  s.energy.interaction()->potential(rho, out);
  return out;
}

TEST(Interaction, RoughKernelsAreAveragedOverCellsExactly) {
  Scenario line(box(1, "[30]", "[false]") +
                interaction("library = \"logarithmic\"\nstrength = 2.0") +
                interaction("library = \"power\"\nexponent = -0.5"));
  const auto values = field_of_one(line, 7);
  const double h = 0.1;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double x = std::abs(line.mesh.center[k][0] - (-1 + 7.5 * h));
    const auto integral = [](double y) {  // of 2 log|y| - 2 |y|^(-1/2)
      const double r = std::abs(y);
      return std::copysign(1, y) * (2 * (r * std::log(r) - r) - 4 * std::sqrt(r));
    };
    EXPECT_NEAR(values[k], (integral(x + h / 2) - integral(x - h / 2)) / h, 1e-10) << x;
  }

  Scenario plane(box(2, "[12, 6]", "[false, false]") + interaction("library = \"logarithmic\""));
  const auto at = field_of_one(plane, 3 + 12 * 2);
  const auto corner = [](double x, double y) {
    return 0.5 * (x * y * std::log(x * x + y * y) - 3 * x * y + x * x * std::atan2(y, x) +
                  y * y * std::atan2(x, y));
  };
  const auto signed_corner = [&](double x, double y) {
    return std::copysign(1, x) * std::copysign(1, y) * corner(std::abs(x), std::abs(y));
  };
  for (std::size_t k = 0; k < at.size(); ++k) {
    const double x = plane.mesh.center[k][0] - (-1 + 3.5 * 0.25),
                 y = plane.mesh.center[k][1] - 0.625;
    const double exact = signed_corner(x + 0.125, y + 0.125) - signed_corner(x - 0.125, y + 0.125) -
                         signed_corner(x + 0.125, y - 0.125) + signed_corner(x - 0.125, y - 0.125);
    EXPECT_NEAR(at[k], exact / 0.0625, 1e-10) << x << " " << y;
  }
}

TEST(Interaction, CubeAtTheSingularity) {
  Scenario s(
      "[mesh]\nkind = \"box\"\nlower = [0.0, 0.0, 0.0]\nupper = [4.0, 4.0, 4.0]\n"
      "cells = [4, 4, 4]\n" +
      interaction("library = \"power\"\nexponent = -1.0"));
  const auto values = field_of_one(s, 21);
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (s.mesh.global[k] != 21) continue;
    EXPECT_NEAR(values[k], -2.3800773639795536, 1e-12);  // mean of 1/r over the unit cube
  }
}

/// Largest error of log * Gaussian = log r + E_1(r^2/2)/2.
double gaussian_error(int n) {
  Scenario s("[mesh]\nkind = \"box\"\nlower = [-7.0, -7.0]\nupper = [7.0, 7.0]\ncells = [" +
             std::to_string(n) + ", " + std::to_string(n) + "]\n" +
             interaction("library = \"logarithmic\"") +
             "[initial]\nkind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = 1.0\n");
  const State state = s.initial();
  std::vector<double> W(std::size_t(s.mesh.owned));
  s.energy.interaction()->potential(std::span(state.density).first(W.size()), W);
  double worst = 0;
  for (std::size_t k = 0; k < W.size(); ++k) {
    const double r = std::hypot(s.mesh.center[k][0], s.mesh.center[k][1]);
    worst = std::max(worst, std::abs(W[k] - std::log(r) + 0.5 * std::expint(-0.5 * r * r)));
  }
  return s.mesh.comm.max(worst);
}

TEST(Interaction, IsOfSecondOrder) {
  const double coarse = gaussian_error(40), middle = gaussian_error(80), fine = gaussian_error(160);
  EXPECT_GE(std::log2(coarse / middle), 1.9) << coarse;
  EXPECT_GE(std::log2(middle / fine), 1.9) << fine;
}

}  // namespace
}  // namespace otto::test
