// Crank-Nicolson, the trapezoidal rule:
//
//   (M - c M Q) rho1 = (M + c M Q) rho0,   c = dt / 2.
//
// Second order and A-stable but not L-stable: a mode of rate lambda is multiplied by
// (1 - c lambda) / (1 + c lambda), so that fast ones ring with a factor near -1. rho1 is sure to be
// non-negative for dt < 2 / max_K (rate out of K) alone.

#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

constexpr Solves solves{.energies = Energies::linear, .supply = true, .signed_rates = true};

class CrankNicolson final : public Stepper {
 public:
  explicit CrankNicolson(const Problem& problem)
      : mesh_(problem.mesh), generator_(problem.generator), stage_(problem) {}

  void restart(const State& state) override { stage_.restart(state); }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time + dt, c = dt / 2;
    stage_.begin(state, dt);
    b_.resize(static_cast<std::size_t>(mesh_.owned));
    generator_.set_time(state.time);
    stage_.slope(state.density, b_);
    stage_.count_exchange(c, state.density);
    for (std::size_t i = 0; i < b_.size(); ++i) {
      b_[i] = mesh_.volume[i] * state.density[i] + c * b_[i];
    }
    generator_.set_time(t);
    if (!stage_.solve(report, c, b_, t, 0, rho1_)) return report;
    stage_.count_exchange(c, rho1_);
    return stage_.finish(std::move(report), state, t, rho1_);
  }

  void remember(Archive& archive) override { archive.part("stage", stage_); }
  [[nodiscard]] int order() const override { return 2; }

 private:
  const Mesh& mesh_;
  Generator& generator_;
  LinearStage stage_;
  std::vector<double> b_, rho1_;
};

const RegisterStepper registered{{
    .name = "crank_nicolson",
    .doc = "Crank-Nicolson: second order, one solve; not L-stable, rough data ring in long steps.",
    .equation = "(M - dt/2 M Q) rho1 = (M + dt/2 M Q) rho0",
    .method = "linear: one solve a step",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_crank_nicolson(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_crank_nicolson(const Problem& problem) {
  check_suits("crank_nicolson", solves, problem);
  return std::make_unique<CrankNicolson>(problem);
}

}  // namespace otto
