// The JKO (Jordan, Kinderlehrer, Otto) proximal step
//
//   rho1 = argmin  W2^2(rho, rho0) / (2 tau) + F(rho),
//
// with the distance linearised once (LJKO; newton/proximal_newton.h) or taken in N inner steps
// (newton/inner_newton.h): non-negative, mass kept, and
//
//   F(rho1) + tau/2 <phi, L(rho_bar) phi> <= F(rho0)
//
// for every tau. First order in time; with centred weights second order in space.

#include <cmath>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/time/dispatch.h"
#include "otto/time/proximal_stage.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "time.inner_steps",
      .type = Type::integer,
      .doc =
          "Steps N in which the Wasserstein distance of one proximal step is taken: 1 linearises "
          "it once, more converge to the exact JKO step (as 1/N for kappa = 1, 1/N^2 for 1/2); for "
          "energies with an entropy or a power law and no bound from above.",
      .fallback = "1",
      .range = {.min = 1},
      .when = "scheme=jko"},
     {.path = "time.weights",
      .type = Type::text,
      .doc = "Mean of the two densities at a face by which mass is transported.",
      .fallback = "\"centred\"",
      .when = "scheme=jko|jko_bdf2|jko_midpoint",
      .equation = "rho_f = w_left rho_left + w_right rho_right, w = (1 +- theta sign(D phi)) / 2"},
     {.path = "time.kappa",
      .doc = "Weight of the new density in that of the distance: 1, or 1/2, which makes the "
             "linearised distance second order; 1/2 by default for one inner step, else 1.",
      .range = {.min = 0.5, .max = 1},
      .when = "scheme=jko",
      .equation = "rho_bar = kappa rho1 + (1 - kappa) rho0"}},
    {{"time.weights", "centred", "The arithmetic mean: second order.", "theta = 0"},
     {"time.weights", "upwind", "The density mass comes from: first order, monotone.", "theta = 1"},
     {"time.weights", "blend",
      "Upwind where the density jumps by factors from cell to cell, centred where it is smooth.",
      "theta = coth(j/2) - 2/j, j = |log rho_left - log rho_right|"}}};

constexpr Solves solves{.flux = FluxUse::none, .drift = false, .absorbing = false};

/// Why so many inner steps do not suit the energy; "": they do.
std::string refuse_inner_steps(const Problem& problem, const ProximalOptions& options) {
  const InternalEnergy& U = problem.energy.internal();
  const bool suits = (U.keeps_positive() || U.has_slope()) && !std::isfinite(U.maximum());
  if (options.inner_steps == 1 || suits) return "";
  return "inner_steps > 1 needs an internal energy that does not bound densities from above; add "
         "an "
         "entropy or power term, leave out 'crowd', or use inner_steps = 1 with shorter steps";
}

class Jko final : public Stepper {
 public:
  Jko(const Problem& problem, const ProximalOptions& options)
      : inner_steps_(options.inner_steps),
        stage_(problem, options),
        kappa_(options.kappa.value_or(inner_steps_ == 1 ? 0.5 : 1.0)) {}

  void restart(const State& state) override { stage_.restart(state); }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time + dt;
    if (!stage_.solve(report, state.density, dt, kappa_, t, rho_)) return report;
    return stage_.finish(std::move(report), state, t, rho_);
  }

  void remember(Archive& archive) override { archive.part("stage", stage_); }
  [[nodiscard]] int order() const override { return 1; }
  [[nodiscard]] bool dissipative() const override { return true; }
  [[nodiscard]] int inner_steps() const override { return inner_steps_; }

 private:
  int inner_steps_;
  ProximalStage stage_;
  double kappa_;
  std::vector<double> rho_;
};

const RegisterStepper registered{{
    .name = "jko",
    .doc = "The proximal (JKO) step: non-negative, mass kept, free energy never growing, for every "
           "free energy.",
    .equation = "rho1 = argmin W2^2(rho, rho0) / (2 tau) + F(rho)",
    .method = "one convex minimisation a step, by Newton's method",
    .order = 1,
    .solves = solves,
    .make =
        [](const Problem& p, const Section& time) {
          const ProximalOptions options = read_proximal(time);
          const std::string reason = refuse_inner_steps(p, options);
          if (!reason.empty()) time.fail("inner_steps", reason);
          return make_jko(p, options);
        },
}};

}  // namespace

ProximalOptions read_proximal(const Section& time) {
  ProximalOptions options;
  const std::string weights = time.text("weights");
  if (weights == "upwind") options.weights = FaceWeights::upwind;
  if (weights == "blend") options.weights = FaceWeights::blend;
  if (time.has("inner_steps")) options.inner_steps = int(time.integer("inner_steps"));
  if (time.has("kappa")) options.kappa = time.real("kappa");
  return options;
}

std::unique_ptr<Stepper> make_jko(const Problem& problem, const ProximalOptions& options) {
  check_suits("jko", solves, problem);
  const std::string reason = refuse_inner_steps(problem, options);
  if (!reason.empty()) throw InputError("time.inner_steps: " + reason);
  return std::make_unique<Jko>(problem, options);
}

}  // namespace otto
