// Midpoint JKO (proximal_midpoint.h): half a proximal step, and one linear system of an M-matrix
// for the whole. From a density that jumps its positive form is of no order: steps are those of
// variational BDF2 (proximal_bdf2.h), the first of them in pieces, until the density changes slowly
// enough. A step whose free energy would grow, or whose solves fail, is made again by BDF2, and
// where that fails, too, as a plain proximal step with kappa = 1/2.

#include <algorithm>

#include "otto/time/dispatch.h"
#include "proximal_bdf2.h"

namespace otto {

namespace {

constexpr Solves solves{.flux = FluxUse::none, .drift = false, .absorbing = false};

class JkoMidpoint final : public Stepper {
 public:
  JkoMidpoint(const Problem& problem, const ProximalOptions& options)
      : stage_(problem, options),
        mover_(stage_.transport()),
        midpoint_(stage_, mover_, problem.mesh),
        bdf2_(stage_, mover_, midpoint_, problem.solver) {}

  void restart(const State& state) override {
    stage_.restart(state);
    bdf2_.forget();
    starting_ = false;
  }

  StepReport advance(State& state, double dt) override {
    const bool first = bdf2_.first();
    StepReport report;
    if (first && stage_.rough(state)) {
      report = bdf2_.start_up({}, state, dt);
      starting_ = report.accepted;
      return report;
    }
    starting_ = starting_ && bdf2_.changes_fast(state, dt);
    std::string reason;
    if (!starting_) {
      reason = midpoint_step(report, state, dt);
      if (report.accepted) return report;
    }
    report = bdf2_.step(std::move(report), state, dt, !reason.empty());
    if (first) starting_ = report.fallback == fallback::pieces;
    if (!first) report.fallback = std::max(report.fallback, fallback::other_rule);
    return report;
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    if (!archive.holds("starting")) return;  // of an earlier version: the next step is the first
    bdf2_.remember(archive);
    archive.number("starting", starting_);
  }
  [[nodiscard]] int order() const override { return 2; }

 private:
  /// Advances the state, or says why not.
  std::string midpoint_step(StepReport& report, State& state, double dt) {
    if (!midpoint_.solve(report, state.density, state.time, dt, rho_)) return report.reason;
    std::string reason = stage_.take(state, state.time + dt, rho_);
    report.accepted = reason.empty();
    if (report.accepted) bdf2_.went(report, dt, rho_);
    return reason;
  }

  ProximalStage stage_;
  PositiveTransport mover_;
  ProximalMidpoint midpoint_;
  ProximalBdf2 bdf2_;
  std::vector<double> rho_;
  int starting_ = 0;  // 1: from a start in pieces, not yet slow enough for the midpoint rule
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
