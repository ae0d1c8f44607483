// Variational BDF2 (proximal_bdf2.h) as a scheme.

#include "proximal_bdf2.h"

namespace otto {

namespace {

class JkoBdf2 final : public Stepper {
 public:
  explicit JkoBdf2(const Problem& problem)
      : stage_(problem),
        mover_(stage_.transport(), read_solver(problem.c.section("solver"))),
        midpoint_(stage_, mover_, problem.mesh),
        bdf2_(stage_, mover_, midpoint_, read_solver(problem.c.section("solver"))) {}

  StepReport advance(State& state, double dt) override {
    if (stage_.begin(state, dt)) bdf2_.forget();
    if (bdf2_.first() && stage_.rough(state)) return bdf2_.start_up(state, dt);
    return bdf2_.step({}, state, dt);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.part("bdf2", bdf2_);
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
    .order = 2,
    .make = [](const Problem& p) -> std::unique_ptr<Stepper> {
      return std::make_unique<JkoBdf2>(p);
    },
}};

}  // namespace

}  // namespace otto
