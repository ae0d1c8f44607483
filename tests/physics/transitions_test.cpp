// Transitions between sets: closed forms on lines and rings, a dense solve on a three-well surface, and what holds for
// every process.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>
#include <random>

#include "otto/analysis/lowest_way.h"
#include "otto/analysis/reactive.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "otto/operators/sets.h"
#include "scenario.h"

namespace otto::test {
namespace {

Transitions between(const Scenario& s, const Target& a, const Target& b) {
  return transitions({s.mesh, s.energy, s.generator.flux(), s.drift.get(), s.diffusion.get()}, a,
                     b);
}

Target set_of(const Scenario& s, const std::string& name) {
  for (const CellSet& set : read_sets(s.c.sections("set"), s.mesh)) {
    if (set.name == name)
      return {set.side.empty() ? std::vector<std::string>{} : std::vector{set.side}, set.level};
  }
  throw InternalError(name);
}

std::string sets(const std::string& a, const std::string& b) {
  return "[[set]]\nname = \"A\"\nexpression = \"" + a +
         "\"\n[[set]]\nname = \"B\"\nexpression = \"" + b + "\"\n";
}

/// Around vertices: the region's own vertices are its set, and its border runs through the outermost of them, also at
/// its corners.
TEST(Transitions, SetsOfARegionEndAtItsBorder) {
  Scenario s(
      "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
      "/tests/meshes/two_regions_41.msh\"\ncontrol_volumes = \"medians\"\n[[energy]]\nkind = "
      "\"entropy\"\ntemperature = 1\n[[set]]\nname = \"A\"\nregion = \"left\"\n");
  const Target a = set_of(s, "A");
  for (std::size_t k = 0; k < std::size_t(s.mesh.local()); ++k) {
    EXPECT_EQ(a.level[k] > 0, s.mesh.center[k][0] < 1 + 1e-9);
  }
  for (std::size_t f = 0; f < std::size_t(s.mesh.faces.size()); ++f) {
    const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
    if ((a.level[K] > 0) == (a.level[L] > 0)) continue;
    EXPECT_NEAR(part_outside(std::min(a.level[K], a.level[L]), std::max(a.level[K], a.level[L])), 1,
                1e-8);
  }
}

double simpson(const std::function<double(double)>& f, double a, double b) {
  const int n = 4000;
  double sum = f(a) + f(b);
  for (int i = 1; i < n; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(a + (b - a) * i / n);
  return sum * (b - a) / n / 3;
}

/// On a line F = kT / (Z int_a^b exp(V/kT) / D), the rest follows from q+ = int_a^x / int_a^b.
TEST(Transitions, LineAgreesWithQuadratureToSecondOrder) {
  const double kT = 0.5, a = -0.83, b = 0.77;
  const auto V = [](double x) { return 2 * std::pow(x * x - 1, 2) + 0.3 * x; };
  const auto D = [](double x) { return 1 + 0.5 * x * x; };
  const auto pi = [&](double x) { return std::exp(-V(x) / kT); };
  const auto barrier = [&](double x) { return std::exp(V(x) / kT) / D(x); };
  const double Z = simpson(pi, -2, 2), resistance = simpson(barrier, a, b);
  const double F = kT / (Z * resistance);
  const double weight =
      (simpson(pi, -2, a) +
       simpson([&](double x) { return pi(x) * simpson(barrier, x, b) / resistance; }, a, b)) /
      Z;
  std::vector<double> flux, rate;
  for (const int n : {100, 200, 400}) {
    Scenario s(
        "[mesh]\nlower = [-2]\nupper = [2]\ncells = [" + std::to_string(n) +
        "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n[[energy]]\nkind = \"external\"\n"
        "expression = \"2*(x^2-1)^2 + 0.3*x\"\n[diffusion]\nexpression = \"1 + 0.5*x^2\"\n" +
        sets("-0.83 - x", "x - 0.77"));
    const Transitions t = between(s, set_of(s, "A"), set_of(s, "B"));
    flux.push_back(std::abs(t.flux / F - 1));
    rate.push_back(std::abs(t.rate_ab() * weight / F - 1));
  }
  EXPECT_LE(flux[2], 1e-3);
  EXPECT_LE(rate[2], 1e-3);
  EXPECT_GE(std::log2(flux[0] / flux[2]) / 2,
            1.7);  // the edges cut cells at other places each time
  EXPECT_GE(std::log2(rate[0] / rate[2]) / 2, 1.7);
}

const char* const three_wells =
    "[[energy]]\nkind = \"entropy\"\ntemperature = 0.6\n[[energy]]\nkind = "
    "\"external\"\nexpression = \"3*exp(-x^2 - "
    "(y-1/3)^2) - 3*exp(-x^2 - (y-5/3)^2) - 5*exp(-(x-1)^2 - y^2) - 5*exp(-(x+1)^2 - y^2) + "
    "0.2*x^4 + "
    "0.2*(y-1/3)^4\"\n";

std::string surface(int nx, int ny, const std::string& more) {
  return "[mesh]\nlower = [-2, -1.2]\nupper = [2, 2.2]\ncells = [" + std::to_string(nx) + ", " +
         std::to_string(ny) + "]\n" + three_wells + more;
}

/// The transition rates out of K into L of the whole mesh, dense, on every rank.
Eigen::MatrixXd dense_rates(const Generator& g) {
  const Mesh& mesh = g.mesh();
  const auto n = Eigen::Index(mesh.global_cells);
  Eigen::MatrixXd R = Eigen::MatrixXd::Zero(n, n);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const std::int32_t l = mesh.faces.left[f], r = mesh.faces.right[f];
    const auto K = Eigen::Index(mesh.global[std::size_t(l)]),
               L = Eigen::Index(mesh.global[std::size_t(r)]);
    if (l < mesh.owned) R(K, L) += g.forward()[f] / mesh.volume[std::size_t(l)];
    if (r < mesh.owned) R(L, K) += g.backward()[f] / mesh.volume[std::size_t(r)];
  }
  mesh.comm.sum_in_place(std::span(R.data(), std::size_t(R.size())));
  return R;
}

/// Transition path theory of the Markov chain on the cells, by dense algebra alone; sets of whole cells whose edges are
/// the centres of their cells, as a level that is 0 just outside gives them.
TEST(Transitions, ThreeWellsAgreeWithADenseSolve) {
  for (const std::string drift : {"", "[drift]\nexpression = [\"-1.5*(y - 0.4)\", \"1.5*x\"]\n"}) {
    Scenario s(surface(24, 20, drift));
    const auto n = Eigen::Index(s.mesh.global_cells);
    const Eigen::MatrixXd R = dense_rates(s.generator);
    Eigen::MatrixXd Q = R;
    for (Eigen::Index i = 0; i < n; ++i) Q(i, i) -= R.row(i).sum();
    Eigen::MatrixXd with_sum = Q.transpose();
    with_sum.row(0).setOnes();
    const Eigen::VectorXd pi = with_sum.fullPivLu().solve(Eigen::VectorXd::Unit(n, 0));
    // members by the centre of a cell, collected over the ranks
    Eigen::VectorXd in_a = Eigen::VectorXd::Zero(n), in_b = in_a;
    Target a, b;
    a.level.resize(std::size_t(s.mesh.local()));
    b.level = a.level;
    for (std::size_t k = 0; k < a.level.size(); ++k) {
      const Point& x = s.mesh.center[k];
      const bool A = std::hypot(x[0] + 1, x[1]) < 0.4, B = std::hypot(x[0] - 1, x[1]) < 0.4;
      a.level[k] = A ? 1e-9 : -1;  // the edge lies at the centres of the set's cells
      b.level[k] = B ? 1e-9 : -1;
      if (k >= std::size_t(s.mesh.owned)) continue;
      in_a(Eigen::Index(s.mesh.global[k])) = A;
      in_b(Eigen::Index(s.mesh.global[k])) = B;
    }
    s.mesh.comm.sum_in_place(std::span(in_a.data(), std::size_t(n)));
    s.mesh.comm.sum_in_place(std::span(in_b.data(), std::size_t(n)));
    const Eigen::MatrixXd reversed =
        pi.cwiseInverse().asDiagonal() * Q.transpose() * pi.asDiagonal();
    const auto solve = [&](Eigen::MatrixXd M, const Eigen::VectorXd& one) {
      for (Eigen::Index i = 0; i < n; ++i) {
        if (in_a(i) + in_b(i) == 0) continue;
        M.row(i).setZero();
        M(i, i) = 1;
      }
      return Eigen::VectorXd(M.partialPivLu().solve(one));
    };
    const Eigen::VectorXd forward = solve(Q, in_b), backward = solve(reversed, in_a);
    double F = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        if (in_a(i) == 1 && in_a(j) == 0) F += pi(i) * R(i, j) * forward(j);
      }
    }
    const Transitions t = between(s, a, b);
    EXPECT_NEAR(t.flux, F, 1e-6 * F) << drift;
    EXPECT_EQ(t.flux_bounds.has_value(), drift.empty());
    if (t.flux_bounds) {
      EXPECT_LE((*t.flux_bounds)[0], F * (1 + 1e-8));  // the edge lies 1e-9 off
      EXPECT_GE((*t.flux_bounds)[1], F * (1 - 1e-12));
      EXPECT_LE((*t.flux_bounds)[1] - (*t.flux_bounds)[0], 1e-6 * F);
    }
    EXPECT_NEAR(t.rate_ab(), F / pi.dot(backward), 1e-6 * F / pi.dot(backward)) << drift;
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      const auto i = Eigen::Index(s.mesh.global[k]);
      EXPECT_NEAR(t.forward[k], forward(i), 1e-6) << drift;
      EXPECT_NEAR(t.backward[k], backward(i), 1e-6) << drift;
    }
  }
}

/// Capacities have solves of their own, whose errors the bounds hold.
TEST(Transitions, BoundsMeet) {
  Scenario s(surface(40, 34, sets("0.16 - (x+1)^2 - y^2", "0.16 - (x-1)^2 - y^2")));
  const Target a = set_of(s, "A"), b = set_of(s, "B"), side{{"y_max"}, {}};
  for (const Target* other : {&b, static_cast<const Target*>(&side)}) {
    const Transitions t = between(s, a, *other);
    EXPECT_LE((*t.flux_bounds)[0], t.flux);
    EXPECT_GE((*t.flux_bounds)[1], t.flux);
    EXPECT_LE((*t.flux_bounds)[1] - (*t.flux_bounds)[0], 1e-6 * t.flux);
  }
}

/// From well to well over one saddle on a line; round a wall with a gap in the plane, seen by every number of ranks; and
/// to a side.
TEST(Transitions, LowestWayPassesTheSaddle) {
  Scenario line(
      "[mesh]\nlower = [-2]\nupper = [2]\ncells = [401]\n[[energy]]\nkind = \"entropy\"\n"
      "temperature = 1\n[[energy]]\nkind = \"external\"\nexpression = \"(x^2-1)^2 + 0.2*x\"\n" +
      sets("-0.8 - x", "x - 0.8"));
  LowestWay way =
      lowest_way(line.mesh, line.generator.external(), set_of(line, "A"), set_of(line, "B"));
  EXPECT_NEAR(way.saddle[0], 0.0506, 0.006);  // where 4 x (x^2 - 1) = -0.2
  EXPECT_NEAR(way.pass, 1.005, 1e-4);
  EXPECT_NEAR(way.bottom_a, -0.2024, 1e-3);
  EXPECT_NEAR(way.bottom_b, 0.1975, 1e-3);
  Scenario maze(
      "[mesh]\nlower = [0, 0]\nupper = [1, 1]\ncells = [21, 21]\n[[energy]]\nkind = \"entropy\"\n"
      "temperature = 1\n[[energy]]\nkind = \"external\"\nexpression = "
      "\"(abs(x - 0.3) < 0.03) * (y < 0.95) * 9 + (abs(x - 0.6) < 0.03) * (y > 0.1) * 7 + 3*y*(x > "
      "0.65)\"\n" +
      sets("0.06 - x", "x - 0.94"));
  way = lowest_way(maze.mesh, maze.generator.external(), set_of(maze, "A"), set_of(maze, "B"));
  EXPECT_NEAR(way.pass, 3 * 0.5 / 21, 1e-12);  // up to y = 1 behind A's wall, down to 0 before B's
  way = lowest_way(maze.mesh, maze.generator.external(), set_of(maze, "B"), {{"x_min"}, {}});
  EXPECT_NEAR(way.pass, 3 * 0.5 / 21, 1e-12);
}

/// As many transitions one way as the other, also without detailed balance; sets by expression, a side, a region.
TEST(Transitions, AreAsManyBothWays) {
  for (const std::string drift : {"", "[drift]\nexpression = [\"-1.5*(y - 0.4)\", \"1.5*x\"]\n"}) {
    Scenario s(surface(40, 34, drift + sets("0.16 - (x+1)^2 - y^2", "0.16 - (x-1)^2 - y^2")));
    const Target a = set_of(s, "A"), b = set_of(s, "B"), side{{"y_max"}, {}};
    EXPECT_NEAR(between(s, a, b).flux / between(s, b, a).flux, 1, 1e-9) << drift;
    EXPECT_NEAR(between(s, a, side).flux / between(s, side, a).flux, 1, 1e-9) << drift;
  }
}

/// Rates go with the diffusion, in whatever units it is written.
TEST(Transitions, GoWithTheDiffusion) {
  const auto rate = [](double scale) {
    Scenario s(
        "[mesh]\nlower = [0]\nupper = [6.283185307179586]\nperiodic = [true]\ncells = [60]\n"
        "[diffusion]\nexpression = \"" +
        std::to_string(scale) +
        "\"\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.3\n[[energy]]\nkind = "
        "\"external\"\nexpression = \"cos(2*x)\"\n[drift]\nexpression = [\"" +
        std::to_string(0.1 * scale) + "\"]\n" + sets("0.3 - abs(x - 1.6)", "0.3 - abs(x - 4.7)"));
    return between(s, set_of(s, "A"), set_of(s, "B")).flux / scale;
  };
  for (const double scale : {1e-4, 1e4, 1e6}) EXPECT_NEAR(rate(scale) / rate(1), 1, 1e-9) << scale;
}

/// A ring with a tilt, V = 0: pi = 1, and from A to B, 0.4 apart, u = 1 - (e^{cx} - 1)/(e^{cL} - 1) up the ring, c =
/// b/kT: it carries b/(1 - e^{-cL}) up and b/(e^{cL} - 1) down. The flux is exact for such profiles.
TEST(Transitions, TiltedRingIsExact) {
  const double c = 0.5 / 0.3, up = 0.5 / (1 - std::exp(-c * 0.4)),
               down = 0.5 / (std::exp(c * 0.4) - 1);
  Scenario s(
      "[mesh]\nlower = [0]\nupper = [1]\nperiodic = [true]\ncells = [60]\n[[energy]]\nkind = "
      "\"entropy\"\ntemperature = 0.3\n[[energy]]\nkind = \"external\"\nexpression = "
      "\"0\"\n[drift]\nexpression "
      "= [\"0.5\"]\n" +
      sets("abs(x - 0.5) - 0.45", "0.05 - abs(x - 0.5)"));
  const Transitions t = between(s, set_of(s, "A"), set_of(s, "B"));
  EXPECT_NEAR(t.flux, up + down, 1e-8);
  EXPECT_NEAR(t.weight_from_a, 0.5, 1e-8);  // A and B are alike
}

/// With a drift and sets whose edges cut faces: what leaves A arrives at B, and nothing is lost between, on boxes and
/// meshes of triangles, for sets and sides.
TEST(Transitions, WithADriftWhatLeavesArrives) {
  const std::string triangles = "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                                "/meshes/acute.msh\"\ncontrol_volumes = \"elements\"\nrefine = 3\n";
  std::mt19937 random(8211);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 6; ++i) {
    const auto number = [&](double scale) { return std::to_string(scale * uniform(random)); };
    const std::string physics =
        "[[energy]]\nkind = \"entropy\"\ntemperature = 0.4\n[[energy]]\nkind = \"external\"\n"
        "expression = \"0.5*cos(4*x + " +
        number(2) + ") + " + number(1) + "*y\"\n[drift]\nexpression = [\"" + number(3) + "*y + " +
        number(1) + "\", \"" + number(3) + "*x\"]\n" +
        sets("0.05 - (x - 0.4)^2 - (y - 0.35 - 0.1*" + number(1) + ")^2",
             "0.04 - (x - 0.9)^2 - (y - 0.75)^2");
    const std::string box = "[mesh]\nlower = [0, 0]\nupper = [1.1, 1]\ncells = [23, 19]\n";
    Scenario s((i % 2 == 0 ? box : triangles) + physics);
    const Target a = set_of(s, "A");
    const Target b = i < 4 ? set_of(s, "B") : Target{{s.mesh.boundary_names.front()}, {}};
    const Transitions t = between(s, a, b);
    std::vector<double> gain(std::size_t(s.mesh.local()), 0.0);
    for (std::size_t f = 0; f < t.face_flux.size(); ++f) {
      gain[std::size_t(s.mesh.faces.left[f])] -= t.face_flux[f];
      gain[std::size_t(s.mesh.faces.right[f])] += t.face_flux[f];
    }
    double leaves = 0, arrives = 0, worst = 0;
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      const bool in_b = b.level.empty() ? false : b.level[k] > 0;
      if (a.level[k] > 0) leaves -= gain[k];
      if (in_b) arrives += gain[k];
      if (!(a.level[k] > 0) && !in_b && i < 4) worst = std::max(worst, std::abs(gain[k]));
    }
    EXPECT_GT(t.flux, 0.01);
    EXPECT_NEAR(s.mesh.comm.sum(leaves), t.flux, 1e-11 * t.flux) << i;
    if (i >= 4) continue;  // a side takes what it takes without a face
    EXPECT_NEAR(s.mesh.comm.sum(arrives), t.flux, 1e-11 * t.flux) << i;
    EXPECT_LE(s.mesh.comm.max(worst), 1e-13 * t.flux) << i;
  }
}

/// A ring with a tilt, W = V - b x: pi = e^{-W/kT} int_x^{x+1} e^{W/kT} / Z, and along an arc from the edge a of A to that of
/// B u carries kT pi(a) e^{W(a)/kT} / int e^{W/kT}. Edges cut faces at any share.
TEST(Transitions, TiltedRingWithCutFacesIsOfSecondOrder) {
  const double kT = 0.3, b = 0.5;
  const auto W = [&](double x) { return (0.4 * std::cos(2 * std::numbers::pi * x) - b * x) / kT; };
  const auto up = [&](double from, double to) {
    return simpson([&](double y) { return std::exp(W(y)); }, from, to);
  };
  double Z = 0;
  for (int i = 0; i < 400; ++i) {
    const double x = (i + 0.5) / 400;
    Z += std::exp(-W(x)) * up(x, x + 1) / 400;
  }
  const auto arc = [&](double a, double end) {
    return kT * up(a, a + 1) / Z / up(std::min(a, end), std::max(a, end));
  };
  const double exact = arc(0.15, 0.5534) + arc(1.05, 0.6534);
  double first = 0;
  for (const int n : {40, 80, 160, 320}) {
    Scenario s(
        "[mesh]\nlower = [0]\nupper = [1]\nperiodic = [true]\ncells = [" + std::to_string(n) +
        "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.3\n[[energy]]\nkind = \"external\"\n"
        "expression = \"0.4*cos(2*pi*x)\"\n[drift]\nexpression = [\"0.5\"]\n" +
        sets("0.05 - abs(x - 0.1)", "0.05 - abs(x - 0.6034)"));
    const double error = std::abs(between(s, set_of(s, "A"), set_of(s, "B")).flux / exact - 1);
    if (n == 40) first = error;
    EXPECT_LE(error, 1.5 * first * std::pow(40.0 / n, 2)) << n;
  }
}

}  // namespace
}  // namespace otto::test
