// Midpoint JKO (proximal_midpoint.h): half a proximal step, and one linear system of an M-matrix
// for the whole. From a density that jumps its positive form is of no order, and the step is made
// of pieces by variational BDF2 (proximal_bdf2.h). A step whose free energy would grow, or whose solves fail, is made again as a
// plain proximal step with kappa = 1/2.

#include "otto/time/dispatch.h"
#include "proximal_bdf2.h"

namespace otto {

namespace {

constexpr Solves solves{.flux = FluxUse::none, .drift = false, .absorbing = false};

class JkoMidpoint final : public Stepper {
 public:
  JkoMidpoint(const Problem& problem, const ProximalOptions& options)
      : stage_(problem, options),
        mover_(stage_.transport(), problem.solver),
        midpoint_(stage_, mover_, problem.mesh),
        bdf2_(stage_, mover_, midpoint_, problem.solver) {}

  void restart(const State& state) override { stage_.restart(state); }

  StepReport advance(State& state, double dt) override {
    if (stage_.rough(state)) {
      bdf2_.forget();
      return bdf2_.start_up(state, dt);
    }
    StepReport report;
    if (!midpoint_.solve(report, state.density, state.time, dt, rho_)) {
      const std::string reason = report.reason;
      return fall_back(stage_, std::move(report), state, dt, reason, rho_);
    }
    const std::string reason = stage_.take(state, state.time + dt, rho_);
    if (!reason.empty()) return fall_back(stage_, std::move(report), state, dt, reason, rho_);
    report.accepted = true;
    return report;
  }

  void remember(Archive& archive) override { archive.part("stage", stage_); }
  [[nodiscard]] int order() const override { return 2; }

 private:
  ProximalStage stage_;
  PositiveTransport mover_;
  ProximalMidpoint midpoint_;
  ProximalBdf2 bdf2_;
  std::vector<double> rho_;
};

const RegisterStepper registered{{
    .name = "jko_midpoint",
    .doc = "Midpoint JKO: second order, non-negative, mass kept, free energy never growing; half a "
           "proximal step and one linear solve.",
    .equation = "M rho1 + dt sum_f (e_K - e_L) F_f rho1_up / pi_up = M rho0, F and pi = rho_h^2 / "
                "rho0 of half a proximal step",
    .method = "half a proximal step (Newton's method) and one linear solve of an M-matrix",
    .fallback = "a plain proximal step",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p,
               const Section& time) { return make_jko_midpoint(p, read_proximal(time)); },
}};

}  // namespace

std::unique_ptr<Stepper> make_jko_midpoint(const Problem& problem, const ProximalOptions& options) {
  check_suits("jko_midpoint", solves, problem);
  return std::make_unique<JkoMidpoint>(problem, options);
}

}  // namespace otto
