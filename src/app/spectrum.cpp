// `otto spectrum`: the slowest relaxation rates of a case's generator, and their modes.

#include "otto/analysis/spectrum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "otto/analysis/eyring_kramers.h"
#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/casefile/case.h"
#include "otto/core/caution.h"
#include "otto/driver/problem.h"
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

constexpr double coarse = 0.01;  ///< part of a rate that coarse cells may change without a word

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

/// The digits of a rate that its error and the width of the cells leave.
std::string rate_words(const Mode& mode) {
  if (!mode.resolved()) return "not resolved";
  const double off = std::max({mode.error, mode.coarseness, 1e-12});
  const int digits = std::clamp(int(-std::log10(off)), 1, 12);
  return fmt::format("{:.{}g}", mode.rate, digits);
}

/// Eyring and Kramers give the relaxation between two wells: where there are just two, and nothing
/// leaves, that is the first mode.
bool comparable(const Generator& generator, const std::vector<EyringKramersRate>& crossings) {
  return crossings.size() == 1 && !generator.absorbs();
}

/// `unit`: of time, "" where it has none.
void tell_modes(RunOutput& output, const Spectrum& spectrum, std::optional<double> two_wells,
                const std::string& unit, Json& json) {
  std::string csv = "mode,rate,error,coarseness,residual,eyring_kramers\n";
  const std::string heading = unit.empty() ? "rate" : fmt::format("rate (1/{})", unit);
  output.log().say(fmt::format("mode  {:<18}  error     cells     {}", heading,
                               two_wells ? "Eyring-Kramers" : ""));
  for (std::size_t i = 0; i < spectrum.modes.size(); ++i) {
    const Mode& mode = spectrum.modes[i];
    const auto beside = i == 0 ? two_wells : std::nullopt;
    const Json nothing;
    json["rates"].push_back(mode.resolved() ? Json(mode.rate) : nothing);
    json["errors"].push_back(mode.error);
    json["coarseness"].push_back(mode.coarseness);
    json["residuals"].push_back(std::isfinite(mode.residual) ? Json(mode.residual) : nothing);
    json["resolved"].push_back(mode.resolved());
    output.log().say(fmt::format("{:>4}  {:<18}  {:<8.1e}  {:<8.1e}  {}", i + 1, rate_words(mode),
                                 mode.error, mode.coarseness,
                                 beside ? fmt::format("{:.6g}", *beside) : ""));
    csv += fmt::format("{},{},{:.1e},{:.1e},{},{}\n", i + 1,
                       mode.resolved() ? fmt::format("{:.17g}", mode.rate) : "", mode.error,
                       mode.coarseness,
                       std::isfinite(mode.residual) ? fmt::format("{:.3e}", mode.residual) : "",
                       beside ? fmt::format("{:.17g}", *beside) : "");
  }
  replace_file(output.folder() / "spectrum.csv", csv);
}

/// What the screen, spectrum.csv and summary.json tell.
void tell(RunOutput& output, const Generator& generator, const Spectrum& spectrum,
          const std::vector<EyringKramersRate>& crossings, const std::string& unit) {
  const int dimension = generator.mesh().dimension;
  Json json;
  std::optional<double> two_wells;
  if (comparable(generator, crossings)) two_wells = crossings[0].rate;
  tell_modes(output, spectrum, two_wells, unit, json);
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
                                 {"rate", c.rate}});
    output.log().say(fmt::format("crossing from {} over {} to {}: barrier {:.6g}, rate {:.6g}",
                                 point_words(c.well, dimension), point_words(c.saddle, dimension),
                                 point_words(c.deeper, dimension), c.barrier, c.rate));
  }
  output.log().say(
      fmt::format("{} solves, {} iterations of them", spectrum.solves, spectrum.iterations));
  output.summary_extra()["spectrum"] = std::move(json);
}

std::string unit_of_time(const Case& c) {
  const Section units = c.section("units");
  return units.has("time") ? units.text("time") : "";
}

/// The rates of the matrix may be exact, and yet the cells too wide for the energy's barriers.
void tell_coarse_cells(const Spectrum& spectrum) {
  for (std::size_t i = 0; i < spectrum.modes.size(); ++i) {
    const double off = spectrum.modes[i].coarseness;
    if (!(off > coarse)) continue;
    caution(
        fmt::format("mode {}: the energy bends so much from cell to cell, where this mode passes, "
                    "that its rate "
                    "is about {:.1g} % off; take finer cells there",
                    i + 1, 100 * off));
    return;  // those after it pass higher or likewise
  }
}

/// A rate without a digit to believe is a failure, told after what is known has been written.
void refuse_unresolved(const Spectrum& spectrum) {
  std::string modes;
  for (std::size_t i = 0; i < spectrum.modes.size(); ++i) {
    if (spectrum.modes[i].resolved()) continue;
    modes += fmt::format("{}{}", modes.empty() ? "" : ", ", i + 1);
  }
  if (modes.empty()) return;
  throw NumericalError(fmt::format(
      "the rates of these modes are not resolved: {} (the others, in spectrum.csv, are): their "
      "bounds lie further apart than a thousandth; ask for more modes with -k, or try a larger "
      "temperature",
      modes));
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

}  // namespace

int spectrum_command(const RunOptions& options, int count) {
  const Comm world;
  const Case c = read_case(world, options.case_file, options.settings);
  check_output(c);
  RunOutput output(world, c, output_folder(options), {});
  try {
    const auto petsc = hand_petsc_options(c, options);
    Mesh mesh = make_mesh(world, c.section("mesh"), use_of_mesh(c));
    const auto diffusion = take_diffusion(c, mesh);
    check_two_point(c, "the spectrum");
    const FreeEnergy energy = free_energy_of(c, mesh, diffusion.get());
    const auto drift = make_drift(c.section("drift"), mesh.dimension);
    const Exchange exchange = exchange_of(c, mesh);
    const Generator generator(mesh, energy, find_flux(c.section("flux").text("kind")), drift.get(),
                              &exchange, diffusion.get());
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
    if (!energy.linear()) {
      throw InputError(c.file().string() +
                       ": the spectrum is that of a linear equation: an entropy and external "
                       "energies alone; nonlinear energies have none");
    }
    if (generator.depends_on_time()) {
      throw InputError(c.file().string() +
                       ": the spectrum needs an energy, a drift and a diffusion that do not depend "
                       "on t");
    }
    ShiftedSolver solver(generator, read_solver(c.section("solver")));
    const Spectrum spectrum = slowest_modes(generator, solver, {.count = count});
    refuse_left_over(petsc);
    tell_coarse_cells(spectrum);
    std::vector<EyringKramersRate> crossings;  // their formula is for D = 1
    if (!diffusion) {
      crossings = eyring_kramers(mesh, generator.external().first(std::size_t(mesh.owned)),
                                 energy.temperature());
    }
    output.open();
    write_modes(c, output, generator, spectrum);
    world.together([&] {
      if (world.is_root()) tell(output, generator, spectrum, crossings, unit_of_time(c));
    });
    refuse_unresolved(spectrum);
    return static_cast<int>(output.finish(mesh));
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
