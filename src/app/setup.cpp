#include "otto/app/setup.h"

#include <fmt/format.h>

#include "otto/app/accuracy.h"
#include "otto/app/analyse.h"
#include "otto/core/caution.h"
#include "otto/core/fault.h"
#include "otto/driver/problem.h"
#include "otto/driver/simulation.h"
#include "otto/flux/two_point.h"
#include "otto/initial/initial.h"
#include "otto/mesh/make_mesh.h"
#include "otto/operators/cautions.h"
#include "otto/operators/diffusion.h"

namespace otto {

namespace {

FreeEnergy whole_energy(const Case& c, const Mesh& mesh, const Diffusion* diffusion,
                        const Host* host) {
  FreeEnergy energy = free_energy_of(c, mesh, diffusion);
  add_host_energies(host, mesh, energy);
  return energy;
}

}  // namespace

Setup::Setup(const Comm& comm, const Case& whole, const Host* host)
    : c(whole),
      mesh(make_mesh(comm, c.section("mesh"), use_of_mesh(c))),
      diffusion(take_diffusion(c, mesh)),
      energy(whole_energy(c, mesh, diffusion.get(), host)),
      drift(make_drift(c.section("drift"), mesh.dimension)),
      exchange(exchange_of(c, mesh)),
      generator(mesh, energy, find_flux(c.section("flux").text("kind")), drift.get(), &exchange,
                diffusion.get()),
      problem(problem_of(c, mesh, energy, generator, diffusion)),
      times(read_time_options(c.section("time"), c.section("output"))) {
  fault_point("setup");
  state.time = times.start;
  generator.set_time(state.time);
  fault_point("stepper");
  stepper = make_stepper(c, problem);
  if (!times.step && !times.adaptive && !stepper->any_step()) (void)c.section("time").real("step");
  fault_point("initial");
  state.density = host && host->density ? host->density(mesh) : initial_density(c, mesh, energy);
  state.density.resize(static_cast<std::size_t>(mesh.local()));
  mesh.halo.update(comm, state.density);
  if (const double part = empty_sets(exchange, mesh, state.density); part > 0) {
    if (!(part < 1)) c.section("initial").fail("", "the whole density lies in sets that absorb");
    caution(
        fmt::format("the initial density has {:.3g} of its mass in sets that absorb; the run "
                    "starts without it",
                    part));
  }
  if (exchange.reinjects) {
    std::vector<double> mass(static_cast<std::size_t>(mesh.owned));
    for (std::size_t i = 0; i < mass.size(); ++i) mass[i] = mesh.volume[i] * state.density[i];
    generator.reinject(mass);
  }
  // Errors against [exact] are taken at the end: its expression is met here first.
  (void)exact_density(c, mesh, times.end);
  check_analysis(*this);
  check_accuracy(*this);
  if (const auto sentence = seam_caution(generator)) caution(*sentence);
}

}  // namespace otto
