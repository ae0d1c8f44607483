#include "study.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "otto/analysis/norms.h"
#include "otto/app/petsc_options.h"
#include "otto/driver/problem.h"
#include "otto/driver/run_output.h"
#include "otto/flux/two_point.h"
#include "otto/initial/initial.h"
#include "otto/mesh/make_mesh.h"
#include "otto/mesh/restrict.h"

namespace otto {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point t) {
  return std::chrono::duration<double>(Clock::now() - t).count();
}

double mean_step(const Case& c, long steps) {
  const Section time = c.section("time");
  if (time.has("step") && !time.flag("adaptive")) return time.real("step");
  return (time.real("end") - time.real("start")) / double(std::max(steps, 1L));
}

std::span<const double> owned_density(const FinishedRun& run) {
  return std::span(run.setup->state.density).first(std::size_t(run.setup->mesh.owned));
}

}  // namespace

Study::Study(const Comm& comm, const RunOptions& options, Refinement refinement)
    : comm_(comm), options_(options), refinement_(refinement), base_(case_of(comm, options)) {
  const Section mesh = base_.section("mesh"), time = base_.section("time");
  gmsh_ = mesh.text("kind") == "gmsh";
  if (gmsh_ && refinement_.space > 0 && !base_.section("exact").present()) {
    mesh.fail("kind",
              "densities on a Gmsh mesh and its refinement are compared with an exact one "
              "only; add [exact], or use --refine time");
  }
  for (const char* key : {"nodes_x", "nodes_y", "nodes_z"}) {
    if (refinement_.space > 0 && mesh.given(key)) {
      mesh.fail(key, "cells given node by node cannot be refined; use --refine time, or a grading");
    }
  }
  const bool chooses = !time.has("step") || time.flag("adaptive");
  if (refinement_.time > 0 && refinement_.space == 0 && chooses) {
    time.fail(time.flag("adaptive") ? "adaptive" : "step",
              "--refine time halves time.step, so the case needs fixed steps");
  }
}

std::vector<std::string> Study::settings(Refinement by) const {
  std::vector<std::string> words = options_.settings;
  const Section mesh = base_.section("mesh"), time = base_.section("time");
  if (by.space > 0 && gmsh_) {
    words.push_back(fmt::format("mesh.refine={}", mesh.integer("refine") + by.space));
  } else if (by.space > 0) {
    auto cells = mesh.integers("cells");
    for (auto& n : cells) n <<= by.space;
    words.push_back(fmt::format("mesh.cells=[{}]", fmt::join(cells, ", ")));
  }
  if (by.time > 0 && time.has("step") && !time.flag("adaptive")) {
    words.push_back(fmt::format("time.step={:.17g}", time.real("step") / std::exp2(by.time)));
  }
  words.emplace_back("output.every=0");  // steps are not cut at output times
  words.emplace_back("output.format=none");
  return words;
}

void Study::check() const {
  const Case c = case_of(comm_, options_, settings({0, 0}));
  (void)Setup(comm_, c, options_.host.get());
}

FinishedRun run_case(const Comm& comm, const RunOptions& options,
                     const std::vector<std::string>& settings, RunOutput* output) {
  const auto began = Clock::now();
  FinishedRun run{std::make_unique<const Case>(case_of(comm, options, settings))};
  run.setup = std::make_unique<Setup>(comm, *run.c, options.host.get());
  Setup& s = *run.setup;
  std::vector<std::unique_ptr<Monitor>> monitors;
  LoopState loop;
  if (output) output->watch({s.c, s.times, s.problem, *s.stepper, s.state, loop}, monitors);
  const RunOutcome outcome = simulate(s.times, s.problem, *s.stepper, s.state, loop, monitors);
  if (output) (void)output->finish(s.problem, s.state, outcome);
  run.stopped = outcome.stopped;
  run.dt = mean_step(*run.c, outcome.steps);
  run.steps = outcome.steps;
  run.seconds = comm.max(seconds_since(began));
  return run;
}

FinishedRun Study::run(Refinement by, const std::filesystem::path& folder) const {
  const std::vector<std::string> words = settings(by);
  const Case c = case_of(comm_, options_, words);
  Resumption none;
  none.critical = critical_parameters(comm_, c, petsc_options(c, options_));
  RunOutput output(comm_, c, folder, std::move(none), true);
  try {
    return run_case(comm_, options_, words, &output);
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

FinishedRun Study::run_precisely(Refinement by) const {
  std::vector<std::string> words = settings(by);
  const double rtol = base_.section("solver").real("rtol");
  words.push_back(fmt::format("solver.rtol={:.3g}", std::max(1e-14, 1e-2 * rtol)));
  words.push_back(fmt::format("time.tolerance={:.3g}",
                              std::max(1e-13, 1e-2 * base_.section("time").real("tolerance"))));
  return run_case(comm_, options_, words);
}

ConvergenceRow Study::describe(Refinement by) const {
  const Case c = case_of(comm_, options_, settings(by));
  ConvergenceRow row{.cells = 1};
  if (gmsh_) {  // h is the width of a cube of the mean volume
    const Mesh mesh = make_mesh(comm_, c.section("mesh"), use_of_mesh(c));
    const std::vector<double> ones(std::size_t(mesh.local()), 1.0);
    row.cells = mesh.global_cells;
    row.h = std::pow(integral(mesh, ones) / double(row.cells), 1.0 / mesh.dimension);
  } else {
    const Box box = read_box(c.section("mesh"));
    for (int a = 0; a < box.dimension; ++a) {
      const auto& nodes = box.nodes[std::size_t(a)];
      row.cells *= box.cells(a);
      for (std::size_t i = 1; i < nodes.size(); ++i) {
        row.h = std::max(row.h, nodes[i] - nodes[i - 1]);
      }
    }
  }
  const Section time = c.section("time");
  if (time.has("step") && !time.flag("adaptive")) row.dt = time.real("step");
  return row;
}

double space_order(const Setup& setup) {
  const Section time = setup.c.section("time");
  if (time.has("weights")) return time.text("weights") == "upwind" ? 1 : 2;
  const std::string kind = setup.c.section("flux").text("kind");
  const TwoPointFlux& flux = find_flux(kind);
  const InternalEnergy& internal = setup.energy.internal();
  const bool upwind = !(internal.temperature() > 0) || !internal.entropy_only();
  return upwind ? 1 : flux.order();
}

double Study::claimed_order(const FinishedRun& run) const {
  const double space = space_order(*run.setup), time = run.setup->stepper->order();
  if (refinement_.space == 0) return time;
  if (refinement_.time == 0) return space;
  return std::min(space, time * refinement_.time);
}

RunError exact_error(const FinishedRun& run, const std::vector<std::string>& names) {
  const Setup& s = *run.setup;
  const auto exact = exact_density(s.c, s.mesh, s.state.time);
  RunError error;
  if (exact) error.norms = norms(names, s.generator, owned_density(run), *exact, error.remark);
  return error;
}

RunError error_against(const FinishedRun& run, const FinishedRun& finer,
                       const std::vector<std::string>& names) {
  const auto reference = restrict_density(finer.setup->mesh, owned_density(finer), run.setup->mesh);
  RunError error;
  error.norms = norms(names, run.setup->generator, owned_density(run), reference, error.remark);
  return error;
}

}  // namespace otto
