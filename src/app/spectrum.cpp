// `otto spectrum`: the slowest relaxation rates of a case's generator, and their modes.

#include "otto/analysis/spectrum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "otto/analysis/eyring_kramers.h"
#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/casefile/case.h"
#include "otto/core/caution.h"
#include "otto/driver/problem.h"
#include "otto/driver/reproducible.h"
#include "otto/driver/run_output.h"
#include "otto/flux/two_point.h"
#include "otto/io/field_series.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "otto/mesh/make_mesh.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/exchange.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

constexpr double coarse = 0.01;  ///< part of a rate that coarse cells may leave open without a word

std::string point_words(const Point& x, int dimension) {
  std::string words;
  for (int a = 0; a < dimension; ++a) {
    words += fmt::format("{}{:.4g}", a == 0 ? "" : ", ", x[std::size_t(a)]);
  }
  return "(" + words + ")";
}

Json point_json(const Point& x, int dimension) {
  return Json(std::vector<double>(x.begin(), x.begin() + dimension));
}

/// The case's energy is known cell by cell only: between the cells there is nothing to resolve.
bool given_by_cells(const Case& c) {
  return std::ranges::any_of(c.sections("energy"), [](const Section& e) { return e.has("table"); });
}

/// One mode as it is told.
struct Told {
  const Mode& mode;
  bool matrix_is_all;  ///< of an energy known cell by cell
  [[nodiscard]] bool known() const { return mode.resolved() && (mode.fine() || matrix_is_all); }
  /// As many digits as its error and the width of the cells leave: they are at most half a unit of the last one, and
  /// rounding is the other half. Where one digit is more than they leave, they stand beside the rate.
  [[nodiscard]] std::string words() const {
    if (!known()) return "not resolved";
    const double off = std::max({mode.error, mode.fine() ? mode.coarseness : 0, 1e-12});
    const double mantissa = mode.corrected / std::pow(10, std::floor(std::log10(mode.corrected)));
    if (2 * off * mantissa > 1) {
      const double unit = mode.corrected / mantissa / 10;  // of the second digit
      const double beside = off * mode.corrected + 0.5 * unit;
      return fmt::format("{:.1e} +- {:.0e}", mode.corrected, std::ceil(beside / unit) * unit);
    }
    const int digits = std::clamp(int(1 - std::log10(2 * off * mantissa)), 1, 12);
    return fmt::format("{:.{}g}", mode.corrected, digits);
  }
};

/// Eyring and Kramers give the relaxation between two wells: where there are just two, and nothing
/// leaves, that is the first mode.
bool comparable(const Generator& generator, const EyringKramers& wells) {
  return wells.crossings.size() == 1 && wells.left_out == 0 && !generator.absorbs();
}

/// `unit`: of time, "" where it has none.
void tell_modes(RunOutput& output, std::span<const Told> modes, std::optional<double> two_wells,
                const std::string& unit, Json& json) {
  std::string csv = "mode,rate,error,coarseness,residual,eyring_kramers,matrix_rate\n";
  const std::string heading = unit.empty() ? "rate" : fmt::format("rate (1/{})", unit);
  output.log().say(fmt::format("mode  {:<18}  error     cells     {:<12}  {}", heading, "of matrix",
                               two_wells ? "Eyring-Kramers" : ""));
  const auto number = [](bool given, double value, const char* format) {
    return given ? fmt::format(fmt::runtime(format), value) : std::string();
  };
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const Mode& mode = modes[i].mode;
    const auto beside = i == 0 ? two_wells : std::nullopt;
    const bool residual = std::isfinite(mode.residual), known = modes[i].known();
    const Json nothing;
    json["rates"].push_back(known ? Json(mode.corrected) : nothing);
    json["matrix_rates"].push_back(mode.resolved() ? Json(mode.rate) : nothing);
    json["errors"].push_back(mode.error);
    json["coarseness"].push_back(mode.coarseness);
    json["residuals"].push_back(residual ? Json(mode.residual) : nothing);
    json["resolved"].push_back(known);
    output.log().say(fmt::format("{:>4}  {:<18}  {:<8.1e}  {:<8.1e}  {:<12}  {}", i + 1,
                                 modes[i].words(), mode.error, mode.coarseness,
                                 number(mode.resolved(), mode.rate, "{:.6g}"),
                                 number(bool(beside), beside.value_or(0), "{:.6g}")));
    csv += fmt::format("{},{},{:.1e},{:.1e},{},{},{}\n", i + 1,
                       number(known, mode.corrected, "{:.17g}"), mode.error, mode.coarseness,
                       number(residual, mode.residual, "{:.3e}"),
                       number(bool(beside), beside.value_or(0), "{:.17g}"),
                       number(mode.resolved(), mode.rate, "{:.17g}"));
  }
  replace_file(output.folder() / "spectrum.csv", csv);
}

/// What the screen, spectrum.csv and summary.json tell.
void tell(RunOutput& output, const Generator& generator, const Spectrum& spectrum,
          std::span<const Told> modes, const EyringKramers& wells, const std::string& unit) {
  const int dimension = generator.mesh().dimension;
  Json json;
  std::optional<double> two_wells;
  const std::vector<EyringKramersRate>& crossings = wells.crossings;
  if (comparable(generator, wells)) two_wells = crossings[0].rate;
  tell_modes(output, modes, two_wells, unit, json);
  json["solves"] = spectrum.solves;
  json["linear_iterations"] = spectrum.iterations;
  if (!crossings.empty()) {
    output.log().say(
        fmt::format("Eyring and Kramers' rates of relaxation between two wells, there and back{}:",
                    generator.absorbs() ? " (not of escape through the absorbing sides)" : ""));
  }
  for (const EyringKramersRate& c : crossings) {
    json["crossings"].push_back({{"well", point_json(c.well, dimension)},
                                 {"deeper", point_json(c.deeper, dimension)},
                                 {"saddle", point_json(c.saddle, dimension)},
                                 {"barrier", c.barrier},
                                 {"passes", c.passes},
                                 {"rate", c.rate}});
    const std::string more = c.passes < 2    ? ""
                             : c.passes == 2 ? " and another pass"
                                             : fmt::format(" and {} other passes", c.passes - 1);
    output.log().say(fmt::format("crossing from {} over {}{} to {}: barrier {:.6g}, rate {:.6g}",
                                 point_words(c.well, dimension), point_words(c.saddle, dimension),
                                 more, point_words(c.deeper, dimension), c.barrier, c.rate));
  }
  output.log().say(
      fmt::format("{} solves, {} iterations of them", spectrum.solves, spectrum.iterations));
  output.summary_extra()["spectrum"] = std::move(json);
}

std::string unit_of_time(const Case& c) {
  const Section units = c.section("units");
  return units.has("time") ? units.text("time") : "";
}

void tell_coarse_cells(std::span<const Told> modes) {
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const Mode& mode = modes[i].mode;
    if (!(mode.coarseness > coarse)) continue;
    if (mode.fine()) {
      caution(fmt::format(
          "mode {}: the cells are wide for the energy's bends, or for the mode's own, and its rate "
          "may be {:.1g} % off; take finer cells",
          i + 1, 100 * mode.coarseness));
    } else if (modes[i].matrix_is_all) {
      caution(fmt::format(
          "mode {}: the table's energy varies as much from cell to cell as over a whole barrier; "
          "the rate is that of jumps between these cells, and finer ones may change it by {:.1g} %",
          i + 1, 100 * mode.coarseness));
    } else {
      continue;
    }
    return;  // those after it pass higher or likewise
  }
}

std::string numbers(std::span<const Told> modes, bool (*of)(const Told&)) {
  std::string words;
  for (std::size_t i = 0; i < modes.size(); ++i) {
    if (of(modes[i])) words += fmt::format("{}{}", words.empty() ? "" : ", ", i + 1);
  }
  return words;
}

/// A rate without a digit to believe is a failure, told after what is known has been written.
void refuse_unresolved(std::span<const Told> modes) {
  const std::string wide =
      numbers(modes, [](const Told& m) { return m.mode.resolved() && !m.known(); });
  const std::string lost = numbers(modes, [](const Told& m) { return !m.mode.resolved(); });
  if (!lost.empty()) {
    throw NumericalError(fmt::format(
        "the rates of these modes are not resolved: {} (the others, in spectrum.csv, are): their "
        "bounds lie further apart than a thousandth; ask for more modes with -k, or try a larger "
        "temperature",
        lost));
  }
  if (wide.empty()) return;
  double worst = 0;
  for (const Told& m : modes) worst = std::max(worst, m.known() ? 0 : m.mode.coarseness);
  throw NumericalError(fmt::format(
      "the rates of these modes are not resolved: {}: the cells are too wide for the energy's "
      "bends, "
      "or for the modes' own, and rates are off by {}; take finer cells "
      "(matrix_rates in summary.json are those of jumps between these cells)",
      wide, worst < 1 ? fmt::format("up to about {:.0f} %", 100 * worst) : "more than themselves"));
}

/// modes.h5 and fields/ for ParaView: the equilibrium density and the shapes.
void write_modes(const Case& c, const RunOutput& output, const Generator& generator,
                 const Spectrum& spectrum) {
  const Mesh& mesh = generator.mesh();
  const std::vector<double> gibbs = gibbs_density(generator);
  std::vector<NamedField> fields{{"density", gibbs}};
  for (std::size_t i = 0; i < spectrum.modes.size(); ++i) {
    fields.push_back({fmt::format("mode_{}", i + 1), spectrum.modes[i].shape});
  }
  const Provenance provenance = collect_provenance(mesh.comm, c.resolved());
  write_final_state(output.folder() / "modes.h5", mesh, 0, fields, provenance);
  const std::string format = c.section("output").text("format");
  if (format == "none") return;
  SeriesSubject subject{mesh, output.folder() / "fields", {}, provenance};
  mesh.comm.together([&] {
    if (mesh.comm.is_root()) make_folder(subject.folder);
  });
  const auto series = format == "vtk" ? make_xml_series(std::move(subject))
                                      : make_vtkhdf_series(std::move(subject));
  series->write(0, fields);
  series->finish();
}

/// What is no linear and homogeneous equation with detailed balance.
void refuse_without_modes(const Case& c, const Generator& generator) {
  if (generator.supplies()) {
    throw InputError(c.file().string() +
                     ": the spectrum is that of a homogeneous equation; remove what brings mass "
                     "in ([reaction] source, [boundary.value], reinject)");
  }
  if (c.section("mobility").present()) {
    c.section("mobility")
        .fail("",
              "the spectrum is that of a linear equation, whose mobility is the density; remove "
              "the table");
  }
  if (!generator.energy().linear()) {
    throw InputError(c.file().string() +
                     ": the spectrum is that of a linear equation: an entropy and external "
                     "energies alone; nonlinear energies have none");
  }
  if (generator.heat()) {
    throw InputError(
        c.file().string() +
        ": the spectrum needs detailed balance, which a temperature that varies does not have in "
        "general; where it has (on a line; where kT is a function of V), write D kT for D, 1 for "
        "kT "
        "and log kT + int dV/kT for V");
  }
  if (generator.depends_on_time()) {
    throw InputError(c.file().string() +
                     ": the spectrum needs an energy, a drift and a diffusion that do not depend "
                     "on t");
  }
}

/// Openings through which nothing ever leaves (robin with rate 0, outflow where no velocity points outwards, a reaction
/// of rate 0) are walls.
bool lets_out(const Generator& generator) {
  const auto k = generator.absorption();
  return generator.mesh().comm.any(std::ranges::any_of(k, [](double rate) { return rate > 0; }));
}

}  // namespace

int spectrum_command(const RunOptions& options, int count) {
  const Comm world = command_comm();
  const Case c = case_of(world, options);
  check_output(c);
  RunOutput output(world, c, output_folder(options), {});
  try {
    const auto petsc = hand_petsc_options(c, options);
    Mesh mesh = make_mesh(world, c.section("mesh"), use_of_mesh(c));
    check_reproducible(c, mesh);
    const auto diffusion = take_diffusion(c, mesh);
    check_two_point(c, "the spectrum");
    FreeEnergy energy = free_energy_of(c, mesh, diffusion.get());
    add_host_energies(options.host.get(), mesh, energy);
    const auto drift = make_drift(c.section("drift"), mesh.dimension);
    const Exchange exchange = exchange_of(c, mesh);
    const TwoPointFlux& flux = find_flux(c.section("flux").text("kind"));
    const Generator given(mesh, energy, flux, drift.get(), &exchange, diffusion.get());
    refuse_without_modes(c, given);
    std::optional<Generator> walls;
    if (given.absorbs() && !lets_out(given)) {
      walls.emplace(mesh, energy, flux, drift.get(), nullptr, diffusion.get());
      caution("nothing ever leaves through what is open; the spectrum is that of walls");
    }
    const Generator& generator = walls ? *walls : given;
    SolverOptions solver_options = read_solver(c.section("solver"));
    solver_options.reproducible = c.section("run").flag("reproducible");
    ShiftedSolver solver(generator, solver_options);
    const Spectrum spectrum = slowest_modes(
        generator, solver, {.count = count, .reproducible = solver_options.reproducible});
    refuse_left_over(petsc);
    std::vector<Told> modes;
    for (const Mode& mode : spectrum.modes) modes.push_back({mode, given_by_cells(c)});
    tell_coarse_cells(modes);
    EyringKramers wells;  // their formula is for D = 1
    if (!diffusion) {
      wells = eyring_kramers(mesh, generator.external().first(std::size_t(mesh.owned)),
                             energy.temperature());
    }
    output.open();
    write_modes(c, output, generator, spectrum);
    world.together([&] {
      if (world.is_root()) tell(output, generator, spectrum, modes, wells, unit_of_time(c));
    });
    refuse_unresolved(modes);
    return static_cast<int>(output.finish(mesh));
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
