// Variational BDF2 (proximal_bdf2.h) as a scheme.

#include "otto/time/dispatch.h"
#include "proximal_bdf2.h"

namespace otto {

namespace {

constexpr Solves solves{.flux = FluxUse::none, .drift = false, .absorbing = false};

class JkoBdf2 final : public Stepper {
 public:
  JkoBdf2(const Problem& problem, const ProximalOptions& options)
      : stage_(problem, options),
        mover_(stage_.transport()),
        midpoint_(stage_, mover_, problem.mesh),
        bdf2_(stage_, mover_, midpoint_, problem.solver) {}

  void restart(const State& state) override {
    stage_.restart(state);
    bdf2_.forget();
  }

  StepReport advance(State& state, double dt) override {
    if (bdf2_.first() && stage_.rough(state)) return bdf2_.start_up({}, state, dt);
    return bdf2_.step({}, state, dt);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    bdf2_.remember(archive);
  }
  [[nodiscard]] int order() const override { return 2; }

 private:
  ProximalStage stage_;
  PositiveTransport mover_;
  ProximalMidpoint midpoint_;
  ProximalBdf2 bdf2_;
};

const RegisterStepper registered{{
    .name = "jko_bdf2",
    .doc =
        "Variational BDF2: second order, non-negative, mass kept, free energy never growing, for "
        "every free energy.",
    .equation = "rho1 = argmin W2^2(rho, rho_e) / (4 tau/3) + F(rho), rho_e the geodesic from "
                "rho_-1 through rho0 continued to 4/3",
    .method =
        "a proximal step (Newton's method) from the continued geodesic of the last two densities",
    .fallback = "the midpoint rule, then a plain proximal step",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p,
               const Section& time) { return make_jko_bdf2(p, read_proximal(time)); },
}};

}  // namespace

std::unique_ptr<Stepper> make_jko_bdf2(const Problem& problem, const ProximalOptions& options) {
  check_suits("jko_bdf2", solves, problem);
  return std::make_unique<JkoBdf2>(problem, options);
}

}  // namespace otto
