// Rates and committors where a solve of all cells at once sees nothing any more: deep wells, edges that pass through
// centres, domains in pieces. Against quadrature on a line, and against elimination without subtractions of all cells.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "otto/analysis/reactive.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "otto/operators/sets.h"
#include "scenario.h"
#include "scratch.h"

namespace otto::test {
namespace {

const SolverOptions usual{};

GeneratorParts parts_of(const Scenario& s) {
  return {s.mesh, s.energy, s.generator.flux(), s.drift.get(), s.diffusion.get()};
}

Target level(const Scenario& s, const std::function<double(const Point&)>& f) {
  Target set;
  for (const Point& x : s.mesh.center) set.level.push_back(f(x));
  return set;
}

std::string line(double lower, double upper, int cells, const std::string& V,
                 const std::string& more = "") {
  return "[mesh]\nlower = [" + std::to_string(lower) + "]\nupper = [" + std::to_string(upper) +
         "]\ncells = [" + std::to_string(cells) +
         "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 1\n[[energy]]\nkind = "
         "\"external\"\nexpression = \"" +
         V + "\"\n" + more;
}

/// k_AB of the line between A = {x < a} and B = {x > b}, V in kT: F = 1 / (Z R), R = int_a^b e^V.
double exact_rate(const std::function<double(double)>& V, double lower, double upper, double a,
                  double b) {
  const int n = 400000;
  const double h = (upper - lower) / n;
  double R = 0;
  for (int i = 0; i < n; ++i) {
    const double x = lower + (i + 0.5) * h;
    if (x > a && x < b) R += h * std::exp(V(x));
  }
  double weight = 0, behind = 0;
  for (int i = 0; i < n; ++i) {
    const double x = lower + (i + 0.5) * h;
    if (x > a && x < b) behind += h * std::exp(V(x));
    if (x < b) weight += h * std::exp(-V(x)) * (1 - behind / R);
  }
  return 1 / (R * weight);
}

/// Wells of 10 to 120 kT: the rate converges with the grid, also where an edge passes through a centre (400 cells).
TEST(DeepTransitions, RatesAgreeWithQuadrature) {
  for (const double D : {10.0, 25.0, 60.0, 120.0}) {
    const auto V = [&](double x) { return D * std::pow(x * x - 1, 2); };
    const double exact = exact_rate(V, -1.6, 1.6, -0.9, 0.9);
    for (const int n : {200, 400}) {
      Scenario s(line(-1.6, 1.6, n, std::to_string(D) + "*(x^2-1)^2"));
      const Transitions t =
          transitions(parts_of(s), level(s, [](const Point& x) { return -0.9 - x[0]; }),
                      level(s, [](const Point& x) { return x[0] - 0.9; }));
      EXPECT_NEAR(t.rate_ab() / exact, 1, D * 1e-4 * std::pow(200.0 / n, 2)) << D << " " << n;
      EXPECT_LE((*t.flux_bounds)[0], t.flux);
      EXPECT_GE((*t.flux_bounds)[1], t.flux);
      EXPECT_LE((*t.flux_bounds)[1] - (*t.flux_bounds)[0], 1e-5 * t.flux);
      EXPECT_NEAR(t.rate_ba() / t.rate_ab(), 1, 1e-8);
    }
  }
}

/// One well 30 kT below the other: the weight of the shallow one has all its digits.
TEST(DeepTransitions, WeightsOfUnequalWells) {
  const auto V = [](double x) { return 40 * std::pow(x * x - 1, 2) - 15 * x; };
  const double forth = exact_rate(V, -1.6, 1.6, -0.9, 0.9),
               back = exact_rate([&](double x) { return V(-x); }, -1.6, 1.6, -0.9, 0.9);
  Scenario s(line(-1.6, 1.6, 640, "40*(x^2-1)^2 - 15*x"));
  const Transitions t =
      transitions(parts_of(s), level(s, [](const Point& x) { return -0.9 - x[0]; }),
                  level(s, [](const Point& x) { return x[0] - 0.9; }));
  EXPECT_NEAR(t.rate_ab() / forth, 1, 2e-3);
  EXPECT_NEAR(t.rate_ba() / back, 1, 2e-3);
}

/// On flat ground the committor is the straight line between the edges, wherever they lie.
TEST(DeepTransitions, CommittorWithEdgesThroughCentres) {
  Scenario s(line(-1, 1, 400, "0"));
  const double edge = 0.5025;  // a centre
  const auto a = level(s, [&](const Point&x) { return -edge - x[0]; }),
             b = level(s, [&](const Point&x) { return x[0] - edge; });
  const std::vector<double> q = committor(parts_of(s), a, b, usual);
  for (std::size_t k = 0; k < q.size(); ++k) {
    const double exact = std::clamp((s.mesh.center[k][0] + edge) / (2 * edge), 0.0, 1.0);
    EXPECT_NEAR(q[k], exact, 1e-5);
  }
}

/// All cells of the mesh, eliminated one after the other without subtractions: right to rounding whatever the depth.
struct Eliminated {
  double flux, from_a, from_b;
};

Eliminated eliminate(const Scenario& s, const Target& a, const Target& b) {
  const Mesh& mesh = s.mesh;
  const auto n = Eigen::Index(mesh.global_cells);
  Eigen::MatrixXd C = Eigen::MatrixXd::Zero(n + 2, n + 2);
  Eigen::VectorXd M = Eigen::VectorXd::Zero(n + 2), node = M, deepest(1);
  std::vector<double> number(mesh.global.begin(), mesh.global.end());
  const double kT = s.generator.temperature();
  const auto V = s.generator.external();
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    const bool in_a = a.level[k] > 0, in_b = b.level[k] > 0;
    node(mesh.global[k]) = in_a ? double(n) : in_b ? double(n + 1) : double(mesh.global[k]);
    M(in_a   ? n
      : in_b ? n + 1
             : Eigen::Index(mesh.global[k])) += mesh.volume[k] * std::exp(-V[k] / kT);
  }
  mesh.comm.sum_in_place({node.data(), std::size_t(n)});
  mesh.comm.sum_in_place({M.data(), std::size_t(n + 2)});
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double share = std::max(K, L) < std::size_t(mesh.owned) ? 1 : 0.5;
    double s_KL = 1;
    for (const Target* set : {&a, &b}) {
      const double l = set->level[K], r = set->level[L];
      if ((l > 0) != (r > 0)) s_KL = std::abs(std::min(l, r)) / std::abs(l - r);
    }
    const auto i = Eigen::Index(node(mesh.global[K])), j = Eigen::Index(node(mesh.global[L]));
    if (i == j) continue;
    const double c = share * s.generator.forward()[f] * std::exp(-V[K] / kT) / s_KL;
    C(i, j) += c;
    C(j, i) += c;
  }
  mesh.comm.sum_in_place({C.data(), std::size_t(C.size())});
  for (Eigen::Index k = 0; k < n; ++k) {  // what cell k leads on and holds goes to the others
    const double out = C.row(k).tail(n + 1 - k).sum();
    if (!(out > 0)) continue;
    const Eigen::VectorXd part = C.row(k).tail(n + 1 - k).transpose() / out;
    M.tail(n + 1 - k) += M(k) * part;
    C.bottomRightCorner(n + 1 - k, n + 1 - k) += out * part * part.transpose();
  }
  return {C(n, n + 1), M(n), M(n + 1)};
}

/// Landscapes of five random wells and hills in the plane, side wells among them, up to 80 kT. In the last four a set
/// on a slope is led to by 1e-11 to 1e-42 of the mass.
TEST(DeepTransitions, RandomLandscapesAgreeWithElimination) {
  for (const unsigned seed : {1, 2, 3, 4, 5, 6, 100, 111, 122, 148}) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> at(-0.8, 0.8), height(-1, 0.5);
    const double depth = 10 + 12 * (seed < 100 ? seed : 1 + seed % 6);
    std::string V = "0";
    for (int i = 0; i < 5; ++i) {
      const double x = at(random), y = at(random), h = depth * height(random);
      V += " + " + std::to_string(h) + "*exp(-8*((x-(" + std::to_string(x) + "))^2 + (y-(" +
           std::to_string(y) + "))^2))";
    }
    Scenario s(
        "[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [20, 19]\n[[energy]]\nkind = "
        "\"entropy\"\ntemperature = 1\n[[energy]]\nkind = \"external\"\nexpression = \"" +
        V + "\"\n");
    const double x = at(random) / 4 - 0.55, y = at(random);
    const auto a = level(s, [&](const Point&p) { return 0.2 - std::hypot(p[0] - x, p[1] - y); }),
               b = level(s, [&](const Point&p) { return 0.2 - std::hypot(p[0] + x, p[1] + y); });
    const Eliminated exact = eliminate(s, a, b);
    const double Z = exact.from_a + exact.from_b;
    const Transitions t = transitions(parts_of(s), a, b);
    EXPECT_NEAR(t.flux * Z / exact.flux, 1, 1e-4) << seed;
    EXPECT_NEAR(t.weight_from_a * Z / exact.from_a, 1, 1e-4) << seed;
    EXPECT_NEAR(t.weight_from_b * Z / exact.from_b, 1, 1e-4) << seed;
  }
}

/// Two squares that do not touch, of n x n quadrilaterals each.
void write_two_squares(const std::filesystem::path& file, int n) {
  std::ofstream out(file);
  const int points = (n + 1) * (n + 1);
  out << "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n" << 2 * points << "\n";
  for (int k = 0; k < 2 * points; ++k) {
    const int i = k % points % (n + 1), j = k % points / (n + 1);
    out << k + 1 << " " << 2 * (k / points) + double(i) / n << " " << double(j) / n << " 0\n";
  }
  out << "$EndNodes\n$Elements\n" << 2 * n * n << "\n";
  for (int k = 0; k < 2 * n * n; ++k) {
    const int i = k % (n * n) % n, j = k % (n * n) / n;
    const int p = k / (n * n) * points + j * (n + 1) + i + 1;
    out << k + 1 << " 3 2 1 1 " << p << " " << p + 1 << " " << p + n + 2 << " " << p + n + 1
        << "\n";
  }
  out << "$EndElements\n";
}

std::string squares(const ScratchFolder& scratch, const std::string& more = "") {
  const std::filesystem::path file = scratch.path() / "two.msh";
  const Comm comm;
  if (comm.is_root()) write_two_squares(file, 10);
  MPI_Barrier(comm.handle());
  return "[mesh]\nkind = \"gmsh\"\nfile = \"" + file.string() +
         "\"\n[[energy]]\nkind = \"entropy\"\ntemperature = 1\n[[energy]]\nkind = "
         "\"external\"\nexpression = "
         "\"x + y\"\n" +
         more;
}

TEST(DeepTransitions, PiecesOfADomain) {
  const ScratchFolder scratch{Comm()};
  Scenario s(squares(scratch));
  const auto a = level(s, [](const Point& x) { return 0.3 - x[0]; });
  const Transitions apart =
      transitions(parts_of(s), a, level(s, [](const Point& x) { return x[0] - 2.8; }));
  EXPECT_EQ(apart.flux, 0);
  EXPECT_NEAR(apart.weight_from_a, 1 / (1 + std::exp(-2)), 1e-12);
  // within the left square as if it were alone: on x, R = e^.6 - e^.3
  const Transitions left = transitions(
      parts_of(s), a, level(s, [](const Point& x) { return 0.2 - std::abs(x[0] - 0.8); }));
  const double rate = exact_rate([](double x) { return x; }, 0, 1, 0.3, 0.6);
  EXPECT_NEAR(left.rate_ab() / rate, 1, 1e-2);
  EXPECT_NEAR(left.cut_off, 0.5, 1e-12);
  const std::vector<double> q =
      committor(parts_of(s), a, level(s, [](const Point& x) { return x[0] - 2.8; }), usual);
  for (std::size_t k = 0; k < q.size(); ++k) {
    EXPECT_EQ(q[k], s.mesh.center[k][0] > 1.5 ? 1 : 0);
  }
}

TEST(DeepTransitions, NothingLeavesThePieceThatDoesNotAbsorb) {
  const ScratchFolder scratch{Comm()};
  Scenario s(squares(scratch,
                     "[[set]]\nname = \"A\"\nexpression = \"0.3 - x\"\n[boundary]\nabsorbing = "
                     "[\"A\"]\n"));
  const std::vector<double> T = mean_exit_time(s.generator, usual);
  for (std::size_t k = 0; k < T.size(); ++k) {
    EXPECT_EQ(std::isinf(T[k]), s.mesh.center[k][0] > 1.5);
  }
  ShiftedSolver solver(s.generator, usual);
  EXPECT_THROW((void)slowest_modes(s.generator, solver, {.count = 1}), NumericalError);
  Scenario closed(squares(scratch));
  ShiftedSolver other(closed.generator, usual);
  EXPECT_THROW((void)slowest_modes(closed.generator, other, {.count = 1}), NumericalError);
  EXPECT_THROW((void)stationary_state(closed.generator), NumericalError);
}

/// A plateau nothing crosses in 1e250 times the age of anything: both sides of it have their own answers.
TEST(DeepTransitions, PlateausOfHundredsOfkT) {
  for (const char* V : {"abs(x) < 0.2 ? 600 : 0", "abs(x) < 0.2 ? 900 : 0"}) {
    Scenario s(line(-1, 1, 50, V));
    const Transitions t =
        transitions(parts_of(s), level(s, [](const Point& x) { return -0.8 - x[0]; }),
                    level(s, [](const Point& x) { return 0.05 - std::abs(x[0] + 0.4); }));
    EXPECT_NEAR(t.rate_ab(), 1 / 0.35 / 0.375, 4e-3);
    EXPECT_NEAR(t.rate_ba(), 1 / 0.35 / (1.6 - 0.375), 4e-3);
  }
}

/// With a drift, which on a line is another slope of V: right up to 16 kT, beyond right or refused.
TEST(DeepTransitions, WithADriftRightOrRefused) {
  const std::string drift = "[drift]\nexpression = [\"0.1\"]\n";
  for (const double D : {4.0, 8.0, 16.0, 24.0, 40.0, 60.0}) {
    Scenario s(line(-1.6, 1.6, 400, std::to_string(D) + "*(x^2-1)^2", drift));
    const auto a = level(s, [](const Point&x) { return -0.9 - x[0]; }),
               b = level(s, [](const Point&x) { return x[0] - 0.9; });
    const double exact = exact_rate([&](double x) { return D * std::pow(x * x - 1, 2) - 0.1 * x; },
                                    -1.6, 1.6, -0.9, 0.9);
    try {
      EXPECT_NEAR(transitions(parts_of(s), a, b).rate_ab() / exact, 1, 1e-3) << D;
    } catch (const NumericalError&) {
      EXPECT_GT(D, 20);
    }
  }
}

}  // namespace
}  // namespace otto::test
