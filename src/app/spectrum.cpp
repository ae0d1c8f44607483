// `otto spectrum`: the slowest relaxation rates of a case's generator, and their modes.

#include "otto/analysis/spectrum.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "otto/analysis/crossings.h"
#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/casefile/case.h"
#include "otto/driver/check_flux.h"
#include "otto/driver/run_output.h"
#include "otto/flux/two_point.h"
#include "otto/io/field_series.h"
#include "otto/io/files.h"
#include "otto/io/final_state.h"
#include "otto/mesh/make_mesh.h"
#include "otto/operators/diffusion.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

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

/// What the screen, spectrum.csv and summary.json tell.
void tell(RunOutput& output, const Spectrum& spectrum, const std::vector<Crossing>& crossings,
          int dimension) {
  Json json;
  std::string csv = "mode,rate,residual,eyring_kramers\n";
  output.log().say("mode  rate                residual  Eyring-Kramers");
  for (std::size_t i = 0; i < spectrum.modes.size(); ++i) {
    const Mode& mode = spectrum.modes[i];
    const bool beside = i < crossings.size();
    json["rates"].push_back(mode.rate);
    json["residuals"].push_back(mode.residual);
    output.log().say(fmt::format("{:>4}  {:<18.12g}  {:<8.1e}  {}", i + 1, mode.rate, mode.residual,
                                 beside ? fmt::format("{:.6g}", crossings[i].rate) : ""));
    csv += fmt::format("{},{:.17g},{:.3e},{}\n", i + 1, mode.rate, mode.residual,
                       beside ? fmt::format("{:.17g}", crossings[i].rate) : "");
  }
  json["solves"] = spectrum.solves;
  json["linear_iterations"] = spectrum.iterations;
  for (const Crossing& c : crossings) {
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
  replace_file(output.folder() / "spectrum.csv", csv);
  output.summary_extra()["spectrum"] = std::move(json);
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
    const Mesh mesh = make_mesh(world, c.section("mesh"));
    check_two_point(c, mesh, "the spectrum");
    const FreeEnergy energy = make_free_energy(energy_terms(c), mesh);
    const auto drift = make_drift(c.section("drift"), mesh.dimension);
    const Generator generator(mesh, energy, find_flux(c.section("flux").text("kind")), drift.get(),
                              read_absorbing(c.section("boundary"), mesh));
    if (!energy.linear()) {
      throw InputError(c.file().string() +
                       ": the spectrum is that of a linear equation: an entropy and external "
                       "energies alone; nonlinear energies have none");
    }
    if (generator.depends_on_time()) {
      throw InputError(c.file().string() + ": the spectrum needs energies that do not depend on t");
    }
    ShiftedSolver solver(generator, read_solver(c.section("solver")));
    const Spectrum spectrum = slowest_modes(generator, solver, {.count = count});
    refuse_left_over(petsc);
    const auto crossings = find_crossings(mesh, generator.external().first(std::size_t(mesh.owned)),
                                          energy.temperature());
    write_modes(c, output, generator, spectrum);
    world.together([&] {
      if (world.is_root()) tell(output, spectrum, crossings, mesh.dimension);
    });
    return static_cast<int>(output.finish(mesh));
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
