#pragma once
// A case given as TOML text with everything a stepper needs, for tests.

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/driver/problem.h"
#include "otto/driver/simulation.h"
#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/initial/initial.h"
#include "otto/mesh/make_mesh.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/exchange.h"
#include "otto/operators/generator.h"

namespace otto::test {

/// Calls a function after every step.
class Watch final : public Monitor {
 public:
  using Function = std::function<void(const State&, const StepRecord&)>;
  explicit Watch(Function f) : f_(std::move(f)) {}
  bool after_step(const State& state, const StepRecord& record) override {
    f_(state, record);
    return true;
  }

 private:
  Function f_;
};

struct Scenario {
  explicit Scenario(const std::string& toml, const std::vector<std::string>& settings = {},
                    const Comm& comm = Comm())
      : c(parse_case(toml, "scenario.toml", settings)),
        mesh(make_mesh(comm, c.section("mesh"))),
        diffusion(take_diffusion(c, mesh)),
        energy(free_energy_of(c, mesh, diffusion.get())),
        drift(make_drift(c.section("drift"), mesh.dimension)),
        exchange(exchange_of(c, mesh)),
        generator(mesh, energy, find_flux(c.section("flux").text("kind")), drift.get(), &exchange,
                  diffusion.get()),
        problem(problem_of(c, mesh, energy, generator, diffusion)) {}
  Scenario(const Scenario&) = delete;

  /// The initial density of the case, with ghosts.
  [[nodiscard]] State initial() const { return with_ghosts(initial_density(c, mesh, energy)); }
  [[nodiscard]] State with_ghosts(std::vector<double> density) const {
    State state{c.section("time").real("start"), std::move(density)};
    state.density.resize(static_cast<std::size_t>(mesh.local()));
    mesh.halo.update(mesh.comm, state.density);
    return state;
  }
  [[nodiscard]] std::unique_ptr<Stepper> make_stepper() const {
    return otto::make_stepper(c, problem);
  }
  [[nodiscard]] TimeOptions times() const {
    return read_time_options(c.section("time"), c.section("output"));
  }
  /// Runs [time] from `state`, calling `watch` after every step and keeping all records.
  RunOutcome run(State& state, const Watch::Function& watch = {}) {
    const auto stepper = make_stepper();
    records.clear();
    std::vector<std::unique_ptr<Monitor>> monitors;
    monitors.push_back(std::make_unique<Watch>([&](const State& s, const StepRecord& r) {
      records.push_back(r);
      if (watch) watch(s, r);
    }));
    return simulate(times(), problem, *stepper, state, monitors);
  }
  /// sum vol |a - b| over all cells.
  [[nodiscard]] double l1(std::span<const double> a, std::span<const double> b) const {
    std::vector<double> difference(static_cast<std::size_t>(mesh.owned));
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = std::abs(a[i] - b[i]);
    return integral(mesh, difference);
  }
  /// sum vol density |x|^2.
  [[nodiscard]] double second_moment(const State& state) const {
    std::vector<double> m(static_cast<std::size_t>(mesh.owned));
    for (std::size_t i = 0; i < m.size(); ++i) {
      const Point& x = mesh.center[i];
      m[i] = state.density[i] * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    }
    return integral(mesh, m);
  }

  Case c;
  Mesh mesh;
  std::shared_ptr<const Diffusion> diffusion;
  FreeEnergy energy;
  std::unique_ptr<Drift> drift;
  Exchange exchange;
  Generator generator;
  Problem problem;
  std::vector<StepRecord> records;
};

}  // namespace otto::test
