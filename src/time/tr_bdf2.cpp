// TR-BDF2 (Bank et al. 1985; Hosea, Shampine 1996): the trapezoidal rule to t + gamma dt, then the
// second backward difference formula to t + dt. With gamma = 2 - sqrt 2 both stages have the same
// matrix M - c M Q, c = gamma dt / 2; second order, L-stable.
//
//   (M - c M Q) rho_g = M rho0 + c M Q rho0
//   (M - c M Q) rho1  = M (alpha rho_g - beta rho0),
//   alpha = 1 / (gamma (2 - gamma)),   beta = (1 - gamma)^2 alpha.
//
// As a Runge-Kutta method with slopes k0, k_g, k1 (k = Q rho) it has the weights w, w, d with
// w = sqrt 2 / 4, d = gamma / 2; the embedded method of third order, (1-w)/3, (3w+1)/3, d/3, gives
//
//   e = dt ( (4w-1)/3 k0 - 1/3 k_g + 2d/3 k1 ),   filtered: (I - c Q)^{-1} e,
//
// the filter taking the stiff components out of the estimate, as Hosea and Shampine advise. k_g and
// k1 follow from the stage equations without products. Adaptive runs carry the error of all steps
// on with the same two stages (error_budget.h); with fixed steps nothing of this is computed.

#include "limited_passes.h"
#include "otto/time/carried_error.h"
#include "otto/time/dispatch.h"
#include "otto/time/schemes.h"
#include "positive_start.h"
#include "tr_bdf2_stages.h"

namespace otto {

namespace {

constexpr double d = TrBdf2Stages::d, alpha = TrBdf2Stages::alpha;
constexpr double w = 0.35355339059327376220;

constexpr Solves solves{.energies = Energies::linear,
                        .supply = true,
                        .estimates_error = true,
                        .limiter = true,
                        .signed_rates = true};

class TrBdf2 final : public Stepper {
 public:
  explicit TrBdf2(const Problem& problem)
      : mesh_(problem.mesh),
        generator_(problem.generator),
        stage_(problem),
        error_(problem, stage_.solver()),
        start_(problem) {}

  void restart(const State& state) override {
    stage_.restart(state);
    error_.clear();
    start_.restart();
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time, c = d * dt;
    stage_.begin(state, dt);
    if (budget()) stage_.tighten(*budget(), dt);
    const Passes passes(generator_);
    for (int pass = 0; pass < passes.count(); ++pass) {
      passes.begin(pass, state.density, two_.rho1);
      if (!two_.solve(report, mesh_, generator_, stage_, state, dt, pass + 1 == passes.count()))
        return report;
    }
    if (!budget() && start_.wanted(stage_, dt, two_.rho1) &&
        !start_.solve(report, stage_, state, dt, two_.rho1)) {
      return report;
    }

    if (budget()) {
      own_error(state.density, dt);
      if (!error_.judge(report, *budget(), t, dt, order(), c, 2 * alpha, two_.b)) {
        return stage_.refuse(std::move(report), report.reason);
      }
      error_.accept();
    }
    return stage_.finish(std::move(report), state, t + dt, two_.rho1);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.part("error", error_);
    archive.part("start", start_);
  }
  [[nodiscard]] int order() const override { return 2; }
  [[nodiscard]] bool estimates_error() const override { return true; }

 private:
  /// two_.b = M e, not yet filtered.
  void own_error(const std::vector<double>& rho0, double dt) {
    const double c = d * dt;
    for (std::size_t i = 0; i < two_.b.size(); ++i) {
      const double vol = mesh_.volume[i], rise = two_.rho_g[i] - rho0[i];
      const double slope_g = vol * rise / c - two_.slope0[i];
      const double slope1 = vol * (two_.rho1[i] - rho0[i] - alpha * rise) / c;
      two_.b[i] = dt * ((4 * w - 1) / 3 * two_.slope0[i] - slope_g / 3 + 2 * d / 3 * slope1);
    }
  }

  const Mesh& mesh_;
  Generator& generator_;
  LinearStage stage_;
  CarriedError error_;
  PositiveStart start_;
  TrBdf2Stages two_;
};

const RegisterStepper registered{{
    .name = "tr_bdf2",
    .doc =
        "TR-BDF2: second order, L-stable, two solves with one matrix, error estimate on request.",
    .equation = "(M - c M Q) rho_g = (M + c M Q) rho0, (M - c M Q) rho1 = M (alpha rho_g - beta "
                "rho0), c = (1 - 1/sqrt 2) dt",
    .method = "linear: two solves a step with one matrix",
    .fallback = "where mass would come in through what absorbs: implicit Euler in two lengths, "
                "extrapolated",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_tr_bdf2(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_tr_bdf2(const Problem& problem) {
  check_suits("tr_bdf2", solves, problem);
  return std::make_unique<TrBdf2>(problem);
}

}  // namespace otto
