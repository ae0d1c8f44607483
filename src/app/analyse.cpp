// [analysis]: what `otto run` computes of the generator before its first step.

#include "otto/app/analyse.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "otto/analysis/lowest_way.h"
#include "otto/analysis/observables.h"
#include "otto/analysis/reactive.h"
#include "otto/casefile/expression.h"
#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/casefile/units.h"
#include "otto/core/caution.h"
#include "otto/flux/two_point.h"
#include "otto/operators/sets.h"

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
     {.path = "analysis.committor",
      .type = Type::texts,
      .doc = "Two sets, `[\"A\", \"B\"]`, by names of [[set]] or sides: the same as committor_from "
             "and "
             "committor_to."},
     {.path = "analysis.rate",
      .type = Type::texts,
      .doc =
          "Two sets, `[\"A\", \"B\"]`, by names of [[set]] or sides: the rate k_AB of transitions "
          "from A to B, "
          "their number per time, the mean first-passage time, both committors and the current of "
          "the transitions.",
      .equation = "k_AB = F / int pi q-, F = flux of pi q- into B"},
     {.path = "analysis.stationary_current",
      .type = Type::flag,
      .doc = "The stationary density, and the mass per time it carries through a section across "
             "each axis.",
      .fallback = "false",
      .equation = "div J = 0, J = -kT grad rho - rho grad V + rho b"}}};

/// What is computed is that of one linear equation for all times.
void check_linear(const Section& analysis, const char* key, const Generator& generator) {
  if (!generator.linear()) {
    analysis.fail(key, "needs a linear equation: an entropy and external energies alone");
  }
  if (generator.depends_on_time()) {
    analysis.fail(key, "needs an energy, a drift and a diffusion that do not depend on t");
  }
}

Target read_target(const Section& analysis, const char* key, const Mesh& mesh) {
  const std::string text = analysis.text(key);
  if (std::ranges::find(mesh.boundary_names, text) != mesh.boundary_names.end())
    return {{text}, {}};
  const Expression level = read_expression(analysis, key);
  check_axes(analysis, key, level, mesh.dimension);
  Target target;
  target.level = level_of(level, mesh);
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

void check_apart(const Section& analysis, const char* key, const Targets& targets,
                 const std::string& other, const Mesh& mesh) {
  const auto& [from, to] = targets;
  bool both = !from.sides.empty() && from.sides == to.sides;
  for (std::size_t k = 0; k < std::min(from.level.size(), to.level.size()); ++k) {
    both = both || (from.level[k] > 0 && to.level[k] > 0);
  }
  if (mesh.comm.any(both)) analysis.fail(key, "overlaps with " + other);
}

/// The two sets of `committor` or `rate`.
Targets read_sets_of(const Case& c, const char* key, const Mesh& mesh) {
  const Section analysis = c.section("analysis");
  const auto names = analysis.texts(key);
  if (names.size() != 2) {
    analysis.fail(key, "takes two sets, from and to, as in [\"A\", \"B\"]");
  }
  const auto sets = read_sets(c.sections("set"), mesh);
  std::vector<std::string> known = mesh.boundary_names;
  for (const CellSet& set : sets) known.push_back(set.name);
  Targets targets;
  for (Target* target : {&targets.from, &targets.to}) {
    const std::string& name = names[target == &targets.from ? 0 : 1];
    if (const auto set = std::ranges::find(sets, name, &CellSet::name); set != sets.end()) {
      if (!set->side.empty()) target->sides = {set->side};
      target->level = set->level;
    } else if (std::ranges::find(mesh.boundary_names, name) != mesh.boundary_names.end()) {
      target->sides = {name};
    } else {
      analysis.fail(key, fmt::format("there is no set or side '{}'{} There are {}.", name,
                                     did_you_mean(name, known), list_words(known)));
    }
  }
  check_apart(analysis, key, targets, "the other set", mesh);
  return targets;
}

Targets read_targets(const Case& c, const Mesh& mesh) {
  const Section analysis = c.section("analysis");
  if (analysis.given("committor")) {
    if (analysis.given("committor_from") || analysis.given("committor_to")) {
      analysis.fail("committor",
                    "says the same as committor_from and committor_to; give one of them");
    }
    return read_sets_of(c, "committor", mesh);
  }
  const bool complete = analysis.given("committor_from") && analysis.given("committor_to");
  const char* key = analysis.given("committor_from") ? "committor_from" : "committor_to";
  if (!complete) analysis.fail(key, "committor_from and committor_to go together; give both");
  Targets targets{read_target(analysis, "committor_from", mesh),
                  read_target(analysis, "committor_to", mesh)};
  check_apart(analysis, "committor_to", targets, "committor_from", mesh);
  return targets;
}

bool wants_committor(const Section& analysis) {
  return analysis.given("committor") || analysis.given("committor_from") ||
         analysis.given("committor_to");
}

/// The mean of a cell field over the initial density.
double initial_mean(const Setup& setup, std::span<const double> values) {
  std::vector<double> weighted(values.begin(), values.end());
  for (std::size_t k = 0; k < weighted.size(); ++k) {
    const double rho = setup.state.density[k];
    weighted[k] = rho > 0 ? weighted[k] * rho : 0;  // an infinite time where nothing starts
  }
  return integral(setup.mesh, weighted) / integral(setup.mesh, setup.state.density);
}

/// Of the initial mass, the part whose exit time is infinite.
double part_never(const Setup& setup, std::span<const double> T) {
  std::vector<double> infinite(T.size());
  for (std::size_t k = 0; k < T.size(); ++k) infinite[k] = std::isinf(T[k]) ? 1 : 0;
  return initial_mean(setup, infinite);
}

void add_exit_time(const Setup& setup, RunOutput& output) {
  std::vector<double> T = mean_exit_time(setup.generator, read_solver(setup.c.section("solver")));
  auto& summary = output.summary_extra()["analysis"];
  if (const double never = part_never(setup, T); never > 0) {
    const std::string why = fmt::format(
        "{:.3g} % of the initial mass lies where no way leads to what absorbs", 100 * never);
    summary["mean_exit_time"] = nullptr;
    summary["mean_exit_time_is_infinite"] = why;
    caution("the mean exit time of the initial density is infinite: " + why);
  } else {
    const double mean = initial_mean(setup, T);
    summary["mean_exit_time"] = mean;
    output.log().say(fmt::format("mean exit time of the initial density: {:.12g}", mean));
  }
  output.add_final_field("mean_exit_time", std::move(T));
}

void add_committor(const Setup& setup, RunOutput& output) {
  const Targets targets = read_targets(setup.c, setup.mesh);
  const std::string kind = setup.c.section("flux").text("kind");
  const auto& flux = find_flux(kind);
  std::vector<double> q =
      committor({setup.mesh, setup.energy, flux, setup.drift.get(), setup.diffusion.get()},
                targets.from, targets.to, read_solver(setup.c.section("solver")));
  const double mean = initial_mean(setup, q);
  output.summary_extra()["analysis"]["committor"] = mean;
  output.log().say(fmt::format("committor of the initial density: {:.12g}", mean));
  output.add_final_field("committor", std::move(q));
}

/// Rates in [units] time, and per second where that is known.
class TimeUnit {
 public:
  explicit TimeUnit(const Case& c) {
    const Section units = c.section("units");
    if (units.has("time")) unit_ = units.text("time");
  }
  [[nodiscard]] std::string word() const { return unit_.empty() ? "time" : unit_; }
  [[nodiscard]] std::string after() const { return unit_.empty() ? "" : " " + unit_; }
  [[nodiscard]] std::string rate(double k) const {
    const double second = seconds_in(unit_);
    if (unit_.empty()) return fmt::format("{:.12g}", k);
    return second > 0 && unit_ != "s" ? fmt::format("{:.12g}/{} = {:.6g}/s", k, unit_, k * second)
                                      : fmt::format("{:.12g}/{}", k, unit_);
  }

 private:
  std::string unit_;
};

/// J at the cells, from fluxes F_f (positive from left to right) with div J = 0:
/// vol_K J_K = sum of the outgoing F_f (x_f - x_K), x_f the middle of the two centres.
std::vector<std::vector<double>> cell_currents(const Mesh& mesh, std::span<const double> flux) {
  const Faces& faces = mesh.faces;
  const auto local = std::size_t(mesh.local());
  std::vector<std::vector<double>> J(std::size_t(mesh.dimension), std::vector<double>(local));
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    for (std::size_t a = 0; a < J.size(); ++a) {
      const double half = flux[f] * (mesh.center[L][a] - mesh.center[K][a]) / 2;
      J[a][K] += half / mesh.volume[K];
      J[a][L] += half / mesh.volume[L];
    }
  }
  for (auto& component : J) component.resize(std::size_t(mesh.owned));
  return J;
}

void add_cell_currents(const Mesh& mesh, std::span<const double> flux, const std::string& prefix,
                       RunOutput& output) {
  auto J = cell_currents(mesh, flux);
  const std::array<const char*, 3> axes{"x", "y", "z"};
  for (std::size_t a = 0; a < J.size(); ++a) {
    output.add_final_field(prefix + axes[a], std::move(J[a]));
  }
}

std::vector<double> fluxes_of(const Generator& generator, std::span<const double> density) {
  const Mesh& mesh = generator.mesh();
  std::vector<double> rho(density.begin(), density.end()), flux;
  rho.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, rho);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    flux.push_back(generator.forward()[f] * rho[std::size_t(mesh.faces.left[f])] -
                   generator.backward()[f] * rho[std::size_t(mesh.faces.right[f])]);
  }
  return flux;
}

/// The lowest way over V; nothing where V is flat.
void add_barrier(const Setup& setup, const Targets& targets, const std::vector<std::string>& names,
                 RunOutput& output) {
  const Mesh& mesh = setup.mesh;
  const LowestWay way = lowest_way(mesh, setup.generator.external(), targets.from, targets.to);
  const double up = way.pass - way.bottom_a, back = way.pass - way.bottom_b;
  if (!(up > 0 || back > 0)) return;
  const Section units = setup.c.section("units");
  const std::string unit = units.has("energy") ? fmt::format(" {}", units.text("energy")) : "";
  auto& summary = output.summary_extra()["analysis"]["rate"];
  const std::vector<double> saddle(way.saddle.begin(), way.saddle.begin() + mesh.dimension);
  const std::string place = fmt::format("({:.4g})", fmt::join(saddle, ", "));
  summary["barrier_ab"] = up;
  summary["barrier_ba"] = back;
  summary["saddle"] = saddle;
  output.log().say(
      fmt::format("the lowest way from {} to {} passes {}: {:.6g}{} above the bottom "
                  "of {}, {:.6g}{} above that of {}",
                  names[0], names[1], place, up, unit, names[0], back, unit, names[1]));
}

/// The numbers of transitions; times that are infinite are null.
void say_rates(const Transitions& t, const std::vector<std::string>& names, const TimeUnit& unit,
               RunOutput& output) {
  auto& summary = output.summary_extra()["analysis"]["rate"];
  summary = {{"k_ab", t.rate_ab()}, {"mfpt_ab", nullptr}, {"reactive_flux", t.flux},
             {"k_ba", t.rate_ba()}, {"mfpt_ba", nullptr}, {"weight_from_a", t.weight_from_a}};
  if (t.cut_off > 0) {
    summary["cut_off"] = t.cut_off;
    caution(fmt::format(
        "{:.3g} % of the domain lies where no way leads to {} or {}: rates and weights are those "
        "of the rest, and committors are 0 there",
        100 * t.cut_off, names[0], names[1]));
  }
  if (!(t.flux > 0)) {
    caution(
        fmt::format("no way leads from {} to {}: the rates are 0 and the mean "
                    "first-passage times infinite",
                    names[0], names[1]));
    return;
  }
  summary["mfpt_ab"] = 1 / t.rate_ab();
  summary["mfpt_ba"] = 1 / t.rate_ba();
  if (t.flux_bounds) summary["reactive_flux_bounds"] = *t.flux_bounds;
  output.log().say(fmt::format(
      "transitions from {} to {}: rate {}, mean first-passage time {:.12g}{}, {:.12g} per {} "
      "at rest; back: rate {}",
      names[0], names[1], unit.rate(t.rate_ab()), 1 / t.rate_ab(), unit.after(), t.flux,
      unit.word(), unit.rate(t.rate_ba())));
  if (t.flux_bounds) {
    output.log().say(
        fmt::format("transitions per {} on this grid lie between {:.12g} and {:.12g} (Dirichlet's "
                    "principle, and what the solve leaves)",
                    unit.word(), (*t.flux_bounds)[0], (*t.flux_bounds)[1]));
  }
}

void add_rate(const Setup& setup, RunOutput& output) {
  const Targets targets = read_sets_of(setup.c, "rate", setup.mesh);
  const auto& flux = find_flux(setup.c.section("flux").text("kind"));
  Transitions t =
      transitions({setup.mesh, setup.energy, flux, setup.drift.get(), setup.diffusion.get()},
                  targets.from, targets.to);
  const auto names = setup.c.section("analysis").texts("rate");
  say_rates(t, names, TimeUnit(setup.c), output);
  if (t.flux > 0) add_barrier(setup, targets, names, output);
  std::vector<double> reactive(t.stationary);
  for (std::size_t k = 0; k < reactive.size(); ++k) reactive[k] *= t.forward[k] * t.backward[k];
  add_cell_currents(setup.mesh, t.face_flux, "reactive_current_", output);
  output.add_final_field("reactive_density", std::move(reactive));
  output.add_final_field("forward_committor", std::move(t.forward));
  output.add_final_field("backward_committor", std::move(t.backward));
}

void add_current(const Setup& setup, RunOutput& output) {
  StationaryState state = stationary_state(setup.generator);
  std::vector<double> current(state.current.begin(), state.current.begin() + setup.mesh.dimension);
  output.log().say(fmt::format("stationary current: {:.12g}", fmt::join(current, ", ")));
  output.summary_extra()["analysis"]["stationary_current"] = std::move(current);
  add_cell_currents(setup.mesh, fluxes_of(setup.generator, state.density), "current_", output);
  output.add_final_field("stationary_density", std::move(state.density));
}

/// The committor asks what comes first, `from` or `to`: mass that ends elsewhere would come to neither.
void check_no_other_end(const Setup& setup, const Section& analysis, const char* key,
                        const Targets& targets) {
  if (setup.exchange.rate) {
    analysis.fail(key, "takes no [reaction] rate into account; remove it");
  }
  std::vector<std::string> sides = targets.from.sides, names;
  sides.insert(sides.end(), targets.to.sides.begin(), targets.to.sides.end());
  if (analysis.given("committor")) names = analysis.texts("committor");
  for (const Opening& o : setup.exchange.openings) {
    const auto& ends = o.where.side.empty() ? names : sides;
    const auto& name = o.where.side.empty() ? o.name : o.where.side;
    if (std::ranges::find(ends, name) == ends.end()) {
      analysis.fail(key, fmt::format("takes no other way out into account than its two sets, and "
                                     "mass leaves through '{}'; remove it",
                                     o.name));
    }
  }
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
    const char* key = analysis.given("committor") ? "committor" : "committor_from";
    check_linear(analysis, key, generator);
    check_no_other_end(setup, analysis, key, read_targets(setup.c, setup.mesh));
  }
  if (analysis.given("rate")) {
    (void)read_sets_of(setup.c, "rate", setup.mesh);
    check_linear(analysis, "rate", generator);
    if (generator.absorbs() || generator.supplies()) {
      analysis.fail("rate",
                    "is that of a closed domain; remove what mass leaves or comes in through");
    }
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
  if (analysis.given("rate")) add_rate(setup, output);
  if (analysis.flag("stationary_current")) add_current(setup, output);
}

}  // namespace otto
