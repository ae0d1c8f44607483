// [analysis]: what `otto run` computes of the generator before its first step.

#include "otto/app/analyse.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "otto/analysis/observables.h"
#include "otto/casefile/expression.h"
#include "otto/casefile/key.h"
#include "otto/flux/two_point.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "analysis", .doc = "What is computed of the generator beside the run itself."}},
    {{.path = "analysis.mean_exit_time",
      .type = Type::flag,
      .doc = "Mean time to leave through the absorbing sides: of every cell in final.h5, averaged "
             "over the initial density in summary.json.",
      .fallback = "false",
      .equation = "kT Lap T - grad V . grad T + b . grad T = -1, T = 0 on the absorbing sides"},
     {.path = "analysis.committor_from",
      .type = Type::text,
      .doc =
          "Where the committor is 0: a side of the mesh, or an expression that is positive there."},
     {.path = "analysis.committor_to",
      .type = Type::text,
      .doc =
          "Where the committor is 1: a side of the mesh, or an expression that is positive there. "
          "The committor is the probability to get there first.",
      .equation = "kT Lap q - grad V . grad q + b . grad q = 0"},
     {.path = "analysis.stationary_current",
      .type = Type::flag,
      .doc = "The stationary density, and the mass per time it carries through a section across "
             "each axis.",
      .fallback = "false",
      .equation = "div J = 0, J = -kT grad rho - rho grad V + rho b"}}};

/// What is computed is that of one linear equation for all times.
void check_linear(const Section& analysis, const char* key, const Generator& generator) {
  if (!generator.energy().linear()) {
    analysis.fail(key, "needs a linear equation: an entropy and external energies alone");
  }
  if (generator.depends_on_time()) {
    analysis.fail(key, "needs energies and drifts that do not depend on t");
  }
}

Target read_target(const Section& analysis, const char* key, const Mesh& mesh) {
  const std::string text = analysis.text(key);
  if (std::ranges::find(mesh.boundary_names, text) != mesh.boundary_names.end())
    return {{text}, {}};
  const Expression level = read_expression(analysis, key);
  check_axes(analysis, key, level, mesh.dimension);
  Target target;
  target.level.resize(std::size_t(mesh.local()));
  level.evaluate(mesh.center, 0, target.level);
  bool some = false;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) some = some || target.level[k] > 0;
  if (!mesh.comm.any(some)) {
    analysis.fail(key, "is positive at the centre of no cell; the committor needs such cells");
  }
  return target;
}

struct Targets {
  Target from, to;
};

Targets read_targets(const Section& analysis, const Mesh& mesh) {
  const bool complete = analysis.given("committor_from") && analysis.given("committor_to");
  const char* key = analysis.given("committor_from") ? "committor_from" : "committor_to";
  if (!complete) analysis.fail(key, "committor_from and committor_to go together; give both");
  Targets targets{read_target(analysis, "committor_from", mesh),
                  read_target(analysis, "committor_to", mesh)};
  const auto& [from, to] = targets;
  bool both = !from.sides.empty() && from.sides == to.sides;
  for (std::size_t k = 0; k < std::min(from.level.size(), to.level.size()); ++k) {
    both = both || (from.level[k] > 0 && to.level[k] > 0);
  }
  if (mesh.comm.any(both)) analysis.fail("committor_to", "overlaps with committor_from");
  return targets;
}

bool wants_committor(const Section& analysis) {
  return analysis.given("committor_from") || analysis.given("committor_to");
}

/// The mean of a cell field over the initial density.
double initial_mean(const Setup& setup, std::span<const double> values) {
  std::vector<double> weighted(values.begin(), values.end());
  for (std::size_t k = 0; k < weighted.size(); ++k) weighted[k] *= setup.state.density[k];
  return integral(setup.mesh, weighted) / integral(setup.mesh, setup.state.density);
}

void add_exit_time(const Setup& setup, RunOutput& output) {
  std::vector<double> T = mean_exit_time(setup.generator, read_solver(setup.c.section("solver")));
  const double mean = initial_mean(setup, T);
  output.summary_extra()["analysis"]["mean_exit_time"] = mean;
  output.log().say(fmt::format("mean exit time of the initial density: {:.12g}", mean));
  output.add_final_field("mean_exit_time", std::move(T));
}

void add_committor(const Setup& setup, RunOutput& output) {
  const Targets targets = read_targets(setup.c.section("analysis"), setup.mesh);
  const std::string kind = setup.c.section("flux").text("kind");
  const auto& flux = find_flux(kind);
  std::vector<double> q =
      committor({setup.mesh, setup.energy, flux, setup.drift.get()}, targets.from, targets.to,
                read_solver(setup.c.section("solver")));
  const double mean = initial_mean(setup, q);
  output.summary_extra()["analysis"]["committor"] = mean;
  output.log().say(fmt::format("committor of the initial density: {:.12g}", mean));
  output.add_final_field("committor", std::move(q));
}

/// J at the cells, from the fluxes F_f (positive from left to right) of a density with div J = 0:
/// vol_K J_K = sum of the outgoing F_f (x_f - x_K), x_f the middle of the two centres.
std::vector<std::vector<double>> cell_currents(const Generator& generator,
                                               std::span<const double> density) {
  const Mesh& mesh = generator.mesh();
  const Faces& faces = mesh.faces;
  std::vector<double> rho(density.begin(), density.end());
  rho.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, rho);
  std::vector<std::vector<double>> J(std::size_t(mesh.dimension), std::vector<double>(rho.size()));
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    const double flux = generator.forward()[f] * rho[K] - generator.backward()[f] * rho[L];
    for (std::size_t a = 0; a < J.size(); ++a) {
      const double half = flux * (mesh.center[L][a] - mesh.center[K][a]) / 2;
      J[a][K] += half / mesh.volume[K];
      J[a][L] += half / mesh.volume[L];
    }
  }
  for (auto& component : J) component.resize(std::size_t(mesh.owned));
  return J;
}

void add_current(const Setup& setup, RunOutput& output) {
  StationaryState state = stationary_state(setup.generator, read_solver(setup.c.section("solver")));
  std::vector<double> current(state.current.begin(), state.current.begin() + setup.mesh.dimension);
  output.log().say(fmt::format("stationary current: {:.12g}", fmt::join(current, ", ")));
  output.summary_extra()["analysis"]["stationary_current"] = std::move(current);
  const std::array<const char*, 3> names{"current_x", "current_y", "current_z"};
  auto J = cell_currents(setup.generator, state.density);
  for (std::size_t a = 0; a < J.size(); ++a) output.add_final_field(names[a], std::move(J[a]));
  output.add_final_field("stationary_density", std::move(state.density));
}

}  // namespace

void check_analysis(const Setup& setup) {
  const Section analysis = setup.c.section("analysis");
  const Generator& generator = setup.generator;
  if (analysis.flag("mean_exit_time")) {
    if (!generator.absorbs()) {
      analysis.fail("mean_exit_time",
                    "needs a side to leave through: [boundary] absorbing = [\"x_max\"]");
    }
    check_linear(analysis, "mean_exit_time", generator);
  }
  if (wants_committor(analysis)) {
    (void)read_targets(analysis, setup.mesh);
    check_linear(analysis, "committor_from", generator);
  }
  if (analysis.flag("stationary_current")) {
    if (generator.absorbs()) {
      analysis.fail("stationary_current", "nothing is stationary where sides absorb");
    }
    check_linear(analysis, "stationary_current", generator);
  }
}

void analyse(const Setup& setup, RunOutput& output) {
  const Section analysis = setup.c.section("analysis");
  if (analysis.flag("mean_exit_time")) add_exit_time(setup, output);
  if (wants_committor(analysis)) add_committor(setup, output);
  if (analysis.flag("stationary_current")) add_current(setup, output);
}

}  // namespace otto
