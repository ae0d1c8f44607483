// Linear flows with their derivatives: gradients against differences, the duality of tangent and
// adjoint, the steppers' own densities, and checkpoints in time.

#include "otto/time/linear_flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/energy/radial_spline.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string energies =
    "[[energy]]\nkind = \"entropy\"\ntemperature = 0.4\n"
    "[[energy]]\nkind = \"external\"\nexpression = \"2*x^2 + sin(3*x)\"\n"
    "[initial]\nkind = \"expression\"\nexpression = \"2 + 0.5*x\"\n"
    "[drift]\nexpression = ";

std::string box_case(const std::string& mesh, const std::string& drift, const std::string& flux) {
  return "[mesh]\nkind = \"box\"\n" + mesh + "\n" + energies + drift + "\n[flux]\nkind = \"" +
         flux + "\"\n[solver]\nrtol = 1e-13\n[time]\nstep = 0.01\nend = 0.03\n";
}

/// The same number for a cell on every rank, and on its copies.
std::vector<double> random_field(const Mesh& mesh, std::uint64_t stream) {
  std::vector<double> x(std::size_t(mesh.local()));
  for (std::size_t k = 0; k < x.size(); ++k) {
    x[k] = RandomAt(11, stream, std::uint64_t(mesh.global[k])).normal()[0];
  }
  return x;
}

double dot(const Mesh& mesh, std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) sum += a[k] * b[k];
  return mesh.comm.sum(sum);
}

/// The derivative in the values of a spline.
struct SplineCotangents final : PairCotangents {
  SplineCotangents(const RadialSpline& spline, const Mesh& mesh) : gradient(spline, mesh) {}
  void add(std::span<const double> c, std::span<const double> rho) override {
    gradient.add(c, rho);
  }
  RadialGradient gradient;
};

/// J = sum_K m_K w_K rho_K^2 / 2 after two legs of unequal steps, of (V, kT, rho0), and of W where it interacts.
struct Check {
  Check(Scenario& scenario, const LinearFlowOptions& options)
      : s(scenario),
        mesh(s.mesh),
        flow(s.generator, {{0.01, 0.03, 0.02}, {0.02}}, options),
        V(s.generator.external().begin(), s.generator.external().end()),
        kT(s.generator.temperature()),
        rho0(s.initial().density),
        w(random_field(mesh, 1)) {
    for (double& x : w) x = 1 + 0.3 * x;
  }

  double value(double h) {
    std::vector<double> moved = V, start = rho0, values = W;
    for (std::size_t k = 0; k < V.size(); ++k) moved[k] += h * dV[k], start[k] += h * drho[k];
    for (std::size_t k = 0; k < W.size(); ++k) values[k] += h * dW[k];
    if (interacts) {
      kernel = std::make_unique<RadialInteraction>(spline, mesh);
      kernel->set(values);
    }
    flow.set(moved, kT + h * dkT, kernel.get());
    end = flow.solve(1, flow.solve(0, start));
    double sum = 0;
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k)
      sum += 0.5 * mesh.volume[k] * w[k] * end[k] * end[k];
    return mesh.comm.sum(sum);
  }
  void random_direction(std::uint64_t stream) {
    dV = random_field(mesh, stream);
    drho = random_field(mesh, stream + 1);
    dkT = 0.3;
    for (std::size_t i = 0; i < W.size(); ++i) dW[i] = 0.4 * std::cos(2.0 + double(i));
  }
  /// The derivative along the direction by the adjoint.
  double by_adjoint() {
    std::vector<double> lambda(std::size_t(mesh.owned));
    for (std::size_t k = 0; k < lambda.size(); ++k) lambda[k] = mesh.volume[k] * w[k] * end[k];
    std::optional<SplineCotangents> cotangents;
    FlowGradient g;
    if (interacts) g.pairs = &cotangents.emplace(spline, mesh);
    flow.adjoint(1, lambda, g);
    flow.adjoint(0, lambda, g);
    double of_W = 0;
    if (interacts) {
      const std::vector<double> gW = cotangents->gradient.gather();
      for (std::size_t i = 0; i < W.size(); ++i) of_W += gW[i] * dW[i];
    }
    std::vector<double> of_V(lambda.size(), 0.0);
    add_cell_gradient(mesh, g.rise, of_V);
    const std::array<double, 4> parts{dot(mesh, of_V, dV), mesh.comm.sum(g.kT) * dkT,
                                      dot(mesh, lambda, drho), of_W};
    scale = 0;
    double total = 0;
    for (const double part : parts) scale += std::abs(part), total += part;
    return total;
  }
  double by_tangent() {
    std::vector<double> d(drho.begin(), drho.begin() + mesh.owned);
    const std::vector<double> rise = rises_of(mesh, dV);
    const auto change = interacts ? std::make_unique<RadialInteraction>(spline, mesh) : nullptr;
    if (change) change->set(dW);
    for (std::size_t leg = 0; leg < 2; ++leg) flow.tangent(leg, {rise, dkT, change.get()}, d);
    for (std::size_t k = 0; k < d.size(); ++k) d[k] *= mesh.volume[k] * w[k] * end[k];
    return dot(mesh, d, std::vector<double>(d.size(), 1.0));
  }
  double by_differences() {
    const double h = 1e-3;
    return (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
  }

  Scenario& s;
  const Mesh& mesh;
  LinearFlow flow;
  std::vector<double> V;
  double kT;
  std::vector<double> rho0, w, dV, drho, end;
  bool interacts = false;
  RadialSpline spline{1.2, 5};
  std::vector<double> W{-2.0, -1.5, 0.3, 0.5, 0.2, 0.0}, dW = std::vector<double>(6);
  std::unique_ptr<RadialInteraction> kernel;
  double dkT = 0, scale = 0;  ///< `scale`: sum of the moduli of the parts of the derivative
};

void check_derivatives(const std::string& toml, const std::string& name, bool interacts = false) {
  for (const auto scheme : {LinearScheme::implicit_euler, LinearScheme::tr_bdf2}) {
    SCOPED_TRACE(name + (scheme == LinearScheme::tr_bdf2 ? ", tr_bdf2" : ", implicit_euler"));
    Scenario s(toml);
    Check check(s, {.scheme = scheme, .rtol = 1e-14});
    check.interacts = interacts;
    check.random_direction(7);
    for (double& x : check.dV) x *= 0.3;
    for (double& x : check.drho) x *= 0.2;
    check.value(0);
    check.flow.refresh();
    check.value(0);
    const double adjoint = check.by_adjoint(), tangent = check.by_tangent();
    const double differences = check.by_differences();
    EXPECT_NEAR(tangent, adjoint, 1e-12 * check.scale);
    EXPECT_NEAR(differences, adjoint, 1e-8 * check.scale);
  }
}

TEST(LinearFlow, GradientsOfEveryFluxOnALine) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    if (flux->order() > 2) continue;  // refused below
    check_derivatives(
        box_case("lower = [-1.0]\nupper = [1.5]\ncells = [23]", "[\"0.5*x\"]", flux->name()),
        flux->name());
  }
}

TEST(LinearFlow, GradientsOnBoxesOfTwoAndThreeDimensions) {
  for (const std::string flux : {"scharfetter_gummel", "limited", "square_root"}) {
    check_derivatives(
        box_case("lower = [-1.0, 0.0]\nupper = [1.5, 1.0]\ncells = [11, 9]\nperiodic = "
                 "[false, true]\ngrading = [1.5, 1.0]",
                 "[\"0.5*x\", \"1.0\"]", flux),
        flux + " 2-D");
    if (flux == "square_root") continue;
    check_derivatives(
        box_case("lower = [-1.0, 0.0, 0.0]\nupper = [1.5, 1.0, 1.0]\ncells = [6, 5, 4]",
                 "[\"0.5*x\", \"1.0\", \"y\"]", flux),
        flux + " 3-D");
  }
}

TEST(LinearFlow, GradientsWithInteractions) {
  for (const std::string flux : {"scharfetter_gummel", "limited"}) {
    check_derivatives(box_case("lower = [-1.0]\nupper = [1.5]\ncells = [23]", "[\"0.5*x\"]", flux),
                      flux + " 1-D", true);
    check_derivatives(
        box_case("lower = [-1.0, 0.0]\nupper = [1.5, 1.0]\ncells = [11, 9]\nperiodic = "
                 "[false, true]",
                 "[\"0.5*x\", \"1.0\"]", flux),
        flux + " 2-D", true);
    check_derivatives(
        box_case("lower = [-1.0, 0.0, 0.0]\nupper = [1.5, 1.0, 1.0]\ncells = [6, 5, 4]",
                 "[\"0.5*x\", \"1.0\", \"y\"]", flux),
        flux + " 3-D", true);
  }
}

TEST(LinearFlow, GradientsOnTriangles) {
  const std::string mesh = "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                           "/meshes/acute.msh\"\ncontrol_volumes = \"elements\"\n";
  for (const std::string flux :
       {"scharfetter_gummel", "centred"}) {  // upwind has corners, which differences cross
    check_derivatives(mesh + energies + "[\"0.5*x\", \"1.0\"]\n[flux]\nkind = \"" + flux +
                          "\"\n[time]\nstep = 0.01\nend = 0.03\n",
                      flux + " triangles");
  }
}

/// Without a drift the systems of the steps are symmetric, and other solvers do them.
TEST(LinearFlow, GradientsWithDetailedBalance) {
  const auto without_drift = [](std::string toml) {
    const auto begin = toml.find("[drift]"), end = toml.find("[flux]");
    return toml.erase(begin, end - begin);
  };
  check_derivatives(without_drift(box_case("lower = [-1.0]\nupper = [1.5]\ncells = [23]", "[]",
                                           "scharfetter_gummel")),
                    "1-D");
  check_derivatives(
      without_drift(box_case("lower = [-1.0, 0.0]\nupper = [1.5, 1.0]\ncells = [11, 9]\nperiodic = "
                             "[false, true]\ngrading = [1.5, 1.0]",
                             "[]", "scharfetter_gummel")),
      "2-D");
  check_derivatives(
      without_drift(box_case("lower = [-1.0, 0.0, 0.0]\nupper = [1.5, 1.0, 1.0]\ncells = [6, 5, 4]",
                             "[]", "scharfetter_gummel")),
      "3-D");
  check_derivatives(without_drift("[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                                  "/meshes/acute.msh\"\ncontrol_volumes = \"elements\"\n" +
                                  energies +
                                  "[]\n[flux]\nkind = \"scharfetter_gummel\"\n[time]\nstep = "
                                  "0.01\nend = 0.03\n"),
                    "triangles");
}

/// A population far from where the Gibbs weights are: what its cotangents are there is not seen by residuals that are
/// weighted with them. A drift of 0 has the same flow solved by the systems of flows with a drift.
TEST(LinearFlow, CotangentsWhereTheGibbsWeightIsSmall) {
  for (const double depth : {20.0, 60.0, 150.0}) {
    std::vector<std::vector<double>> cotangents, gradients;
    for (const std::string drift : {"", "[drift]\nexpression = [\"0*x\", \"0*y\"]\n"}) {
      Scenario s(
          "[mesh]\nkind = \"box\"\nlower = [-1.0, -1.0]\nupper = [1.0, 1.0]\ncells = [24, 20]\n"
          "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
          "[[energy]]\nkind = \"external\"\nexpression = \"" +
          std::to_string(depth / 2) +
          "*(x + 0.2*sin(5*y))\"\n"
          "[initial]\nkind = \"gaussian\"\nmean = [0.7, 0.0]\nvariance = 0.02\n" +
          drift + "[time]\nstep = 0.01\nend = 0.03\n");
      LinearFlow flow(s.generator, {std::vector<double>(12, 1e-3)},
                      {.scheme = LinearScheme::implicit_euler, .rtol = 1e-12});
      const std::vector<double> V(s.generator.external().begin(), s.generator.external().end());
      flow.set(V, 1.0);
      (void)flow.solve(0, s.initial().density);
      std::vector<double> lambda(std::size_t(s.mesh.owned));
      for (std::size_t k = 0; k < lambda.size(); ++k)
        lambda[k] = s.mesh.volume[k] * std::cos(3 * s.mesh.center[k][0] + s.mesh.center[k][1]);
      FlowGradient g;
      flow.adjoint(0, lambda, g);
      cotangents.push_back(lambda);
      gradients.push_back(g.rise);
    }
    const auto off = [&](const std::vector<std::vector<double>>& x) {
      double most = 0, size = 0;
      for (std::size_t k = 0; k < x[0].size(); ++k) {
        most = std::max(most, std::abs(x[0][k] - x[1][k]));
        size = std::max(size, std::abs(x[1][k]));
      }
      return most / size;
    };
    EXPECT_LT(off(cotangents), 1e-10) << depth;
    EXPECT_LT(off(gradients), 1e-10) << depth;
  }
}

TEST(LinearFlow, DensitiesAreThoseOfTheSteppers) {
  for (const std::string flux : {"scharfetter_gummel", "centred"}) {
    for (const std::string scheme : {"implicit_euler", "tr_bdf2"}) {
      Scenario s(box_case("lower = [-1.0, 0.0]\nupper = [1.5, 1.0]\ncells = [12, 9]",
                          "[\"0.5*x\", \"1.0\"]", flux),
                 {"time.scheme=" + scheme});
      State state = s.initial();
      LinearFlow flow(
          s.generator, {{0.01, 0.01, 0.01}},
          {.scheme = scheme == "tr_bdf2" ? LinearScheme::tr_bdf2 : LinearScheme::implicit_euler,
           .rtol = 1e-13});
      const std::vector<double> end = flow.solve(0, state.density);
      s.run(state);
      EXPECT_LT(s.l1(end, state.density), 1e-11) << flux << " " << scheme;
    }
  }
}

TEST(LinearFlow, InteractionsAreOfSecondOrder) {
  const std::string toml =
      "[mesh]\nkind = \"box\"\nlower = [-3.0]\nupper = [3.0]\ncells = [60]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 0.4\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"x^2/2 + x^4/8\"\n"
      "[[energy]]\nkind = \"interaction\"\nexpression = \"-2*exp(-r^2)\"\n"
      "[initial]\nkind = \"gaussian\"\nmean = [0.8]\nvariance = 0.3\n"
      "[time]\nscheme = \"tr_bdf2\"\nend = 0.8\nstep = ";
  std::vector<std::vector<double>> densities;
  for (const char* step : {"0.1", "0.05", "0.003125"}) {
    Scenario s(toml + step + "\n[solver]\nrtol = 1e-13\n");
    State state = s.initial();
    s.run(state);
    densities.push_back(state.density);
  }
  Scenario s(toml + "0.1\n");
  const double coarse = s.l1(densities[0], densities[2]), fine = s.l1(densities[1], densities[2]);
  EXPECT_GT(std::log2(coarse / fine), 1.8);
  EXPECT_LT(fine, 2e-3);
}

TEST(LinearFlow, CheckpointsChangeNothing) {
  for (const auto& [flux, interacts] :
       {std::pair{"scharfetter_gummel", false}, {"limited", false}, {"limited", true}}) {
    std::vector<double> adjoints, tangents;
    for (const std::size_t memory : {std::size_t(1) << 30, std::size_t(1)}) {
      Scenario s(box_case("lower = [-1.0]\nupper = [1.5]\ncells = [40]", "[\"0.5*x\"]", flux));
      Check check(s, {.rtol = 1e-14, .memory = memory});
      check.interacts = interacts;
      check.random_direction(3);
      check.value(0);
      check.flow.refresh();
      check.value(0);
      adjoints.push_back(check.by_adjoint());
      tangents.push_back(check.by_tangent());
    }
    EXPECT_NEAR(adjoints[0], adjoints[1], 1e-13 * std::abs(adjoints[0])) << flux;
    EXPECT_NEAR(tangents[0], tangents[1], 1e-13 * std::abs(tangents[0])) << flux;
  }
}

TEST(LinearFlow, RefusesWhatHasNoDerivatives) {
  Scenario fourth(
      box_case("lower = [-1.0]\nupper = [1.5]\ncells = [23]", "[\"0.5*x\"]", "fourth_order"));
  EXPECT_THROW(LinearFlow(fourth.generator, {{0.01}}), InputError);
  Scenario open(
      box_case("lower = [-1.0]\nupper = [1.5]\ncells = [23]", "[\"0.5*x\"]", "scharfetter_gummel") +
      "[boundary]\nabsorbing = [\"x_max\"]\n");
  EXPECT_THROW(LinearFlow(open.generator, {{0.01}}), InputError);
}

}  // namespace
}  // namespace otto::test
