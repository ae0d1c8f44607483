// Implicit Euler:  (M - dt M Q) rho1 = M rho0.
// First order; with a monotone flux the matrix is an M-matrix, so rho1 >= 0 for every dt, and with
// detailed balance every convex entropy relative to the Gibbs state decays.

// Other free energies: nonlinear_euler.cpp.
//
// Where the solver's tolerance leaves a negative value, one Jacobi sweep from max(rho1, 0) follows:
//
//   rho_K  <-  (b_K + dt sum_L rate(L -> K) max(rho_L, 0)) / (vol_K + dt sum_L rate(K -> L)),
//
// of non-negative terms only, and no further from the solution in the sum of residuals.

#include <algorithm>

#include "limited_passes.h"
#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

/// The sweep above, `b` with what comes in. `rho`: owned + ghosts, ghosts up to date; owned values are replaced. Local.
void relax_non_negative(const Generator& generator, double dt, std::span<const double> b,
                        std::vector<double>& rho) {
  const Mesh& mesh = generator.mesh();
  const auto forward = generator.forward(), backward = generator.backward();
  std::vector<double> gain(rho.size(), 0.0), loss(mesh.volume);
  std::copy(b.begin(), b.end(), gain.begin());
  for (std::size_t f = 0; f < forward.size(); ++f) {
    const auto left = static_cast<std::size_t>(mesh.faces.left[f]);
    const auto right = static_cast<std::size_t>(mesh.faces.right[f]);
    gain[right] += dt * forward[f] * std::max(rho[left], 0.0);
    gain[left] += dt * backward[f] * std::max(rho[right], 0.0);
    loss[left] += dt * forward[f];
    loss[right] += dt * backward[f];
  }
  const auto absorption = generator.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) loss[k] += dt * absorption[k];
  for (std::size_t k = 0; k < b.size(); ++k) rho[k] = gain[k] / loss[k];
}

bool any_negative(std::span<const double> rho) {
  double min = 0;
#pragma omp simd reduction(min : min)
  for (std::size_t k = 0; k < rho.size(); ++k) min = rho[k] < min ? rho[k] : min;
  return min < 0;
}

constexpr Solves solves{
    .energies = Energies::linear, .supply = true, .limiter = true, .signed_rates = true};

class ImplicitEuler final : public Stepper {
 public:
  explicit ImplicitEuler(const Problem& problem)
      : mesh_(problem.mesh), generator_(problem.generator), stage_(problem) {}

  void restart(const State& state) override { stage_.restart(state); }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time + dt;
    stage_.begin(state, dt);
    generator_.set_time(t);
    b_.resize(static_cast<std::size_t>(mesh_.owned));
    for (std::size_t i = 0; i < b_.size(); ++i) b_[i] = mesh_.volume[i] * state.density[i];
    const Passes passes(generator_);
    for (int pass = 0; pass < passes.count(); ++pass) {
      passes.begin(pass, state.density, rho_);
      if (!stage_.solve(report, dt, b_, t, 0, rho_)) return report;
    }
    if (generator_.monotone() && mesh_.comm.any(any_negative(owned(mesh_, rho_)))) {
      relax_non_negative(generator_, dt, stage_.right_side(), rho_);
    }
    stage_.count_exchange(dt, rho_);
    return stage_.finish(std::move(report), state, t, rho_);
  }

  void remember(Archive& archive) override { archive.part("stage", stage_); }
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
    .method = "linear: one solve a step",
    .fallback = "a solution below zero is swept once with non-negative terms",
    .order = 1,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_implicit_euler(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_implicit_euler(const Problem& problem) {
  check_suits("implicit_euler", solves, problem);
  return std::make_unique<ImplicitEuler>(problem);
}

}  // namespace otto
