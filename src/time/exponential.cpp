// The exact flow of a constant generator, rho(t + dt) = exp(dt Q) rho(t), to [time] tolerance: see
// exponential_action.h. The tolerance is shared out in proportion to dt, and since the flow contracts
// L1 distances the errors of all steps add up to at most the tolerance at the end.

#include <fmt/format.h>

#include "otto/time/exponential_action.h"
#include "otto/time/linear_stage.h"

namespace otto {

namespace {

constexpr double pole = 0.2;  // c / dt: about the best for tolerances from 1e-4 to 1e-9

class Exponential final : public Stepper {
 public:
  explicit Exponential(const Problem& problem)
      : mesh_(problem.mesh), stage_(problem), action_(problem.generator, stage_.solver()) {
    const Section time = problem.c.section("time");
    if (problem.generator.depends_on_time()) {
      time.fail("scheme", "the scheme 'exponential' needs energies and drifts that do not depend "
                          "on t; use 'tr_bdf2', or 'midpoint'");
    }
    rate_ = time.real("tolerance") / (time.real("end") - time.real("start"));
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    stage_.begin(state, dt);
    rho_ = state.density;
    double left = dt, error = 0;
    while (left > 0) {
      const ActionReport action = action_.advance(owned(mesh_, rho_), left, pole * dt, rate_ * left);
      report.linear_iterations += action.iterations;
      report.max_linear_iterations = std::max(report.max_linear_iterations, action.max_iterations);
      if (action.reached <= 0) return stage_.refuse(std::move(report), action.reason);
      error += action.error_estimate;
      left -= action.reached;
    }
    report.error_estimate = error;
    return stage_.finish(std::move(report), state, state.time + dt, rho_);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
  }
  [[nodiscard]] int order() const override { return exact_in_time; }
  [[nodiscard]] bool any_step() const override { return true; }

 private:
  const Mesh& mesh_;
  LinearStage stage_;
  ExponentialAction action_;
  double rate_ = 0;
  std::vector<double> rho_;
};

const RegisterStepper registered{{
    .name = "exponential",
    .doc = "The exact flow at every requested time, to `tolerance`, by a Krylov method; needs "
           "energies that do not depend on time.",
    .equation = "rho1 = exp(dt Q) rho0",
    .order = exact_in_time,
    .make = [](const Problem& p) -> std::unique_ptr<Stepper> {
      return std::make_unique<Exponential>(p);
    },
    .linear_only = true,
}};

}  // namespace

}  // namespace otto
