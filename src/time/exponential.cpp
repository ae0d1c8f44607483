// The exact flow of a constant generator, rho(t + dt) = exp(dt Q) rho(t), to [time] tolerance: see
// exponential_action.h. The tolerance is shared out in proportion to dt, and since the flow contracts
// L1 distances the errors of all steps add up to at most the tolerance at the end.

#include "otto/casefile/section.h"
#include "otto/time/dispatch.h"
#include "otto/time/exponential_action.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

constexpr Solves solves{
    .energies = Energies::linear, .time_dependence = false, .signed_rates = true};

class Exponential final : public Stepper {
 public:
  Exponential(const Problem& problem, const ExponentialOptions& options)
      : mesh_(problem.mesh),
        stage_(problem),
        action_(problem.generator, stage_.solver(), options.action),
        pole_(options.pole),
        rate_(options.tolerance / options.duration) {}

  void restart(const State& state) override { stage_.restart(state); }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    stage_.begin_exchange();
    rho_ = state.density;
    double left = dt, error = 0;
    while (left > 0) {
      const ActionReport action =
          action_.advance(owned(mesh_, rho_), left, pole_ * dt, rate_ * left);
      report.linear_iterations += action.iterations;
      report.max_linear_iterations = std::max(report.max_linear_iterations, action.max_iterations);
      if (action.reached <= 0) return stage_.refuse(std::move(report), action.reason);
      error += action.error_estimate;
      left -= action.reached;
    }
    report.error_estimate = error;
    return stage_.finish(std::move(report), state, state.time + dt, rho_);
  }

  void remember(Archive& archive) override { archive.part("stage", stage_); }
  [[nodiscard]] int order() const override { return exact_in_time; }
  [[nodiscard]] bool any_step() const override { return true; }

 private:
  const Mesh& mesh_;
  LinearStage stage_;
  ExponentialAction action_;
  double pole_;  // c / dt
  double rate_;  // L1 error allowed per unit of time
  std::vector<double> rho_;
};

const RegisterStepper registered{{
    .name = "exponential",
    .doc = "The exact flow at every requested time, to `tolerance`, by a Krylov method; needs "
           "energies that do not depend on time.",
    .equation = "rho1 = exp(dt Q) rho0",
    .method = "linear: a shift-and-invert Krylov space, 10 to 20 solves a step",
    .order = exact_in_time,
    .solves = solves,
    .make = [](const Problem& p,
               const Section& time) { return make_exponential(p, read_exponential(time)); },
}};

}  // namespace

ExponentialOptions read_exponential(const Section& time) {
  return {.tolerance = time.real("tolerance"), .duration = time.real("end") - time.real("start")};
}

std::unique_ptr<Stepper> make_exponential(const Problem& problem,
                                          const ExponentialOptions& options) {
  check_suits("exponential", solves, problem);
  return std::make_unique<Exponential>(problem, options);
}

}  // namespace otto
