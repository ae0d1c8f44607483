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
// the filter taking the stiff components out of the estimate, as Hosea and Shampine advise. k_g and k1
// follow from the stage equations without products. Adaptive runs carry the error of all steps on
// with the same two stages (error_budget.h); with fixed steps nothing of this is computed.

#include "otto/time/carried_error.h"
#include "otto/time/linear_stage.h"

namespace otto {

namespace {

constexpr double gamma_ = 0.58578643762690495120;  // 2 - sqrt 2
constexpr double alpha = 1 / (gamma_ * (2 - gamma_)), beta = (1 - gamma_) * (1 - gamma_) * alpha;
constexpr double w = 0.35355339059327376220, d = gamma_ / 2;

class TrBdf2 final : public Stepper {
 public:
  explicit TrBdf2(const Problem& problem)
      : mesh_(problem.mesh), generator_(problem.generator), stage_(problem), error_(problem, stage_.solver()) {}

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time, c = d * dt;
    const std::vector<double>& rho0 = state.density;
    const auto n = static_cast<std::size_t>(mesh_.owned);
    if (stage_.begin(state, dt)) error_.clear();
    if (budget()) stage_.tighten(*budget(), dt);
    slope0_.resize(n);
    b_.resize(n);

    generator_.set_time(t);
    generator_.apply(rho0, slope0_);
    for (std::size_t i = 0; i < n; ++i) b_[i] = mesh_.volume[i] * rho0[i] + c * slope0_[i];
    generator_.set_time(t + gamma_ * dt);
    if (!stage_.solve(report, c, b_, t + gamma_ * dt, 0, rho_g_)) return report;
    stage_.push(t + gamma_ * dt, rho_g_);

    for (std::size_t i = 0; i < n; ++i) {
      b_[i] = mesh_.volume[i] * (rho0[i] + alpha * (rho_g_[i] - rho0[i]));  // alpha - beta = 1
    }
    generator_.set_time(t + dt);
    if (!stage_.solve(report, c, b_, t + dt, 1, rho1_)) return report;

    if (budget()) {
      own_error(rho0, dt);
      if (!error_.judge(report, *budget(), t, dt, order(), c, 2 * alpha, b_)) {
        return stage_.refuse(std::move(report), report.reason);
      }
      error_.accept();
    }
    return stage_.finish(std::move(report), state, t + dt, rho1_);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.part("error", error_);
  }
  [[nodiscard]] int order() const override { return 2; }
  [[nodiscard]] bool estimates_error() const override { return true; }

 private:
  /// b_ = M e, not yet filtered.
  void own_error(const std::vector<double>& rho0, double dt) {
    const double c = d * dt;
    for (std::size_t i = 0; i < b_.size(); ++i) {
      const double vol = mesh_.volume[i], rise = rho_g_[i] - rho0[i];
      const double slope_g = vol * rise / c - slope0_[i];
      const double slope1 = vol * (rho1_[i] - rho0[i] - alpha * rise) / c;
      b_[i] = dt * ((4 * w - 1) / 3 * slope0_[i] - slope_g / 3 + 2 * d / 3 * slope1);
    }
  }

  const Mesh& mesh_;
  Generator& generator_;
  LinearStage stage_;
  CarriedError error_;
  std::vector<double> slope0_, b_, rho_g_, rho1_;
};

const RegisterStepper registered{{
    .name = "tr_bdf2",
    .doc = "TR-BDF2: second order, L-stable, two solves with one matrix, error estimate on request.",
    .equation = "(M - c M Q) rho_g = (M + c M Q) rho0, (M - c M Q) rho1 = M (alpha rho_g - beta "
                "rho0), c = (1 - 1/sqrt 2) dt",
    .order = 2,
    .make = [](const Problem& p) -> std::unique_ptr<Stepper> {
      return std::make_unique<TrBdf2>(p);
    },
    .linear_only = true,
}};

}  // namespace

}  // namespace otto
