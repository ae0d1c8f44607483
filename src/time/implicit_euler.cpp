// Implicit Euler:  (M - dt M Q) rho1 = M rho0.
// First order; with a monotone flux the matrix is an M-matrix, so rho1 >= 0 for every dt, and with
// detailed balance every convex entropy relative to the Gibbs state decays.

#include "otto/time/linear_stage.h"

namespace otto {

namespace {

class ImplicitEuler final : public Stepper {
 public:
  explicit ImplicitEuler(const Problem& problem)
      : mesh_(problem.mesh), generator_(problem.generator), stage_(problem) {}

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time + dt;
    stage_.begin(state, dt);
    generator_.set_time(t);
    b_.resize(static_cast<std::size_t>(mesh_.owned));
    for (std::size_t i = 0; i < b_.size(); ++i) b_[i] = mesh_.volume[i] * state.density[i];
    if (!stage_.solve(report, dt, b_, t, 0, rho_)) return report;
    return stage_.finish(std::move(report), state, t, rho_);
  }

  [[nodiscard]] int order() const override { return 1; }
  [[nodiscard]] bool dissipative() const override {
    return generator_.symmetric() && generator_.monotone();
  }

 private:
  const Mesh& mesh_;
  Generator& generator_;
  LinearStage stage_;
  std::vector<double> b_, rho_;
};

const RegisterStepper registered{{
    .name = "implicit_euler",
    .doc = "Implicit Euler: first order, non-negative and dissipative for every step.",
    .equation = "(M - dt M Q) rho1 = M rho0",
    .order = 1,
    .make = [](const Problem& p) -> std::unique_ptr<Stepper> {
      return std::make_unique<ImplicitEuler>(p);
    },
}};

}  // namespace

}  // namespace otto
