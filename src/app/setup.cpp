#include "otto/app/setup.h"

#include "otto/app/accuracy.h"
#include "otto/app/analyse.h"
#include "otto/core/caution.h"
#include "otto/core/fault.h"
#include "otto/driver/problem.h"
#include "otto/driver/simulation.h"
#include "otto/flux/two_point.h"
#include "otto/initial/initial.h"
#include "otto/mesh/make_mesh.h"
#include "otto/operators/absorbing.h"
#include "otto/operators/cautions.h"
#include "otto/operators/diffusion.h"

namespace otto {

namespace {

Mesh make_checked_mesh(const Comm& comm, const Case& c) {
  Mesh mesh = make_mesh(comm, c.section("mesh"), use_of_mesh(c));
  check_flux(c, mesh);
  return mesh;
}

}  // namespace

Setup::Setup(const Comm& comm, const Case& whole)
    : c(whole),
      mesh(make_checked_mesh(comm, c)),
      energy(make_free_energy(energy_terms(c), mesh)),
      drift(make_drift(c.section("drift"), mesh.dimension)),
      generator(mesh, energy, find_flux(c.section("flux").text("kind")), drift.get(),
                read_absorbing(c.section("boundary"), mesh)),
      problem(problem_of(c, mesh, energy, generator)),
      times(read_time_options(c.section("time"), c.section("output"))) {
  fault_point("setup");
  state.time = times.start;
  generator.set_time(state.time);
  fault_point("stepper");
  stepper = make_stepper(c, problem);
  if (!times.step && !times.adaptive && !stepper->any_step()) (void)c.section("time").real("step");
  fault_point("initial");
  state.density = initial_density(c, mesh, energy);
  state.density.resize(static_cast<std::size_t>(mesh.local()));
  mesh.halo.update(comm, state.density);
  // Errors against [exact] are taken at the end: its expression is met here first.
  (void)exact_density(c, mesh, times.end);
  check_analysis(*this);
  check_accuracy(*this);
  if (const auto sentence = seam_caution(generator)) caution(*sentence);
}

}  // namespace otto
