// Variational BDF2: a proximal step (LJKO, kappa = 1/2) from the geodesic extrapolation of the last
// two densities (geodesic_extrapolation.h),
//
//   rho1 = argmin  W2^2(rho, rho_e) / (2 beta dt) + F(rho),     rho_e at  t + s,
//   s = r^2 / (1 + 2r) tau,   beta = (1 + r) / (1 + 2r),        r = dt / tau,
//
// tau being the length of the step before: s = dt/3 and beta = 2/3 for equal steps. In a flat space
// it is the BDF2 formula. The first step, and steps more than 2.4 times as long as the one before
// (BDF2 is stable up to 1 + sqrt 2), are made by the midpoint rule (proximal_midpoint.h); a step
// that neither can make without a growing free energy is a plain proximal one.

#include "geodesic_extrapolation.h"
#include "otto/time/dispatch.h"
#include "proximal_midpoint.h"

namespace otto {

namespace {

constexpr double most_ratio = 2.4;
constexpr Solves solves{.flux = FluxUse::none, .drift = false, .absorbing = false};

class JkoBdf2 final : public Stepper {
 public:
  JkoBdf2(const Problem& problem, const ProximalOptions& options)
      : stage_(problem, options),
        mover_(stage_.transport(), problem.solver),
        midpoint_(stage_, mover_, problem.mesh),
        extrapolation_(stage_.transport(), mover_, problem.solver) {}

  void restart(const State& state) override {
    stage_.restart(state);
    tau_ = 0;
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    std::string reason = bdf2_step(report, state, dt);
    if (!reason.empty()) reason = midpoint_step(report, state, dt);
    if (reason.empty()) {
      report.accepted = true;
      report.reason.clear();
    } else {
      report = fall_back(stage_, std::move(report), state, dt, reason, rho_);
    }
    tau_ = report.accepted ? dt : 0;
    if (report.accepted) before_.swap(rho_);  // `take` has put the old state there
    return report;
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.cells_with_ghosts("before", before_);
    archive.number("tau", tau_);
  }
  [[nodiscard]] int order() const override { return 2; }

 private:
  /// Advances the state and returns "", or says why not.
  std::string bdf2_step(StepReport& report, State& state, double dt) {
    if (!(tau_ > 0)) return "there is no step before";
    const double r = dt / tau_, t = state.time + dt;
    if (r > most_ratio) return "the step before is too short";
    std::string reason = extrapolation_.find(
        report, {before_, state.density, tau_, r * r / (1 + 2 * r) * tau_}, stage_.phi(), ahead_);
    if (!reason.empty()) return reason;
    if (!stage_.solve(report, ahead_, (1 + r) / (1 + 2 * r) * dt, 0.5, t, rho_)) {
      return report.reason;
    }
    report.dissipation = -1;  // not that of the whole step
    return stage_.take(state, t, rho_);
  }

  std::string midpoint_step(StepReport& report, State& state, double dt) {
    if (!midpoint_.solve(report, state.density, state.time, dt, rho_)) return report.reason;
    return stage_.take(state, state.time + dt, rho_);
  }

  ProximalStage stage_;
  PositiveTransport mover_;
  ProximalMidpoint midpoint_;
  GeodesicExtrapolation extrapolation_;
  std::vector<double> rho_, ahead_, before_;
  double tau_ = 0;  // length of the step from before_ to the state; 0: none
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
