// The identric midpoint rule: a second-order step that balances energy and dissipation exactly.
//
//   M (rho1 - rho0) - dt M Q theta = 0,   log theta = (rho1 log rho1 - rho0 log rho0)
//                                                     / (rho1 - rho0) - 1      per cell.
//
// With mu = kT log theta + V the definition of theta gives F(rho1) - F(rho0) = sum vol mu (rho1 -
// rho0) (mass is kept), hence F(rho1) - F(rho0) = dt sum mu M Q theta = - dt D(theta): an identity
// for every dt, up to rounding when Newton's method has converged to rounding.
//
// Newton for R = M (rho1 - rho0) - dt M Q theta with theta' = d theta / d rho1 and y = theta' delta:
//
//   (diag(vol / theta') - dt M Q) y = - R,    an M-matrix for monotone fluxes.
//
// Positivity is not proved for large dt: iterates are kept inside rho1 > 0, and a step whose
// Newton iteration does not converge is refused.
//
// Error of a step (adaptive runs only; error_budget.h), B = (I - dt/2 Q)^{-1}, A the arithmetic
// mean of rho0 and rho1:
//   e = B dt Q (A - theta) - 1/3 B (dt/2 Q) B (dt/2 Q) (rho1 - rho0),   E_{n+1} = B^2 E_n + e,
// the first term being what the mean costs, the second the midpoint rule's - dt^3/12 Q^3 rho.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/ledger.h"
#include "otto/time/carried_error.h"
#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

constexpr Solves solves{.energies = Energies::linear, .estimates_error = true};

class Midpoint final : public Stepper {
 public:
  Midpoint(const Problem& problem, const MidpointOptions& options)
      : options_(options),
        mesh_(problem.mesh),
        generator_(problem.generator),
        newton_(problem.generator, problem.solver),
        stage_(problem),
        error_(problem, stage_.solver()),
        n_(static_cast<std::size_t>(mesh_.owned)) {}

  void restart(const State& state) override {
    stage_.restart(state);
    error_.clear();
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    const double t = state.time;
    stage_.begin_exchange();
    generator_.set_time(t + 0.5 * dt);
    rho1_ = state.density;  // extrapolated guesses were tried: more linear iterations in all
    std::string reason = iterate(report, state.density, dt);
    if (!reason.empty()) return stage_.refuse(std::move(report), std::move(reason));
    if (budget()) {
      own_error(report, state.density, dt);
      if (!error_.judge(report, *budget(), t, dt, order(), 0.5 * dt, 1, R_)) {
        return stage_.refuse(std::move(report), report.reason);
      }
      error_.accept();
    }
    stage_.count_exchange(dt, theta_);
    report.dissipation = ledger(generator_, theta_, true).dissipation;
    return stage_.finish(std::move(report), state, t + dt, rho1_);
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.part("error", error_);
  }
  [[nodiscard]] int order() const override { return 2; }
  [[nodiscard]] bool dissipative() const override {
    return generator_.symmetric() && generator_.monotone();
  }
  [[nodiscard]] bool estimates_error() const override { return true; }

 private:
  /// Newton's method for rho1_; leaves theta_ there. Returns why it failed, or "".
  std::string iterate(StepReport& report, const std::vector<double>& rho0, double dt) {
    double last = std::numeric_limits<double>::infinity();
    for (int k = 0;; ++k) {
      mesh_.halo.update(mesh_.comm, rho1_);
      const Norms r = residual(rho0, dt);
      // Rounding ends the iteration: at the floor, or near it when nothing is gained any more.
      if (r.residual <= r.floor) return "";
      const bool stalled = r.residual > options_.stalled * last;
      if (k >= options_.min_iterations && stalled &&
          r.residual <= options_.near_rounding * r.floor) {
        return "";
      }
      if (k == options_.max_iterations || !std::isfinite(r.residual)) {
        return fmt::format(
            "Newton's method for the midpoint rule stands at a residual of {:.2g} "
            "after {} iterations (the step may be too long for positivity)",
            r.residual / r.scale, k);
      }
      last = r.residual;
      const double rtol = std::clamp(r.residual / r.scale, options_.min_rtol, options_.max_rtol);
      ++report.newton_iterations;
      const std::string reason =
          newton_step(report, dt, std::max(rtol, options_.rounding_part * r.floor / r.residual));
      if (!reason.empty()) return reason;
    }
  }

  struct Norms {
    double residual = 0, floor = 0, scale = 0;  ///< 2-norms of R, of its rounding, of M rho0
  };

  /// R at rho1_, with theta_ and slope_.
  Norms residual(const std::vector<double>& rho0, double dt) {
    theta_.resize(rho0.size());
    slope_.resize(rho0.size());
    identric_of(rho0, rho1_, theta_, slope_);
    R_.resize(n_);
    gross_.resize(n_);
    generator_.apply(theta_, R_);
    gross_outflow();
    std::array<ReproducibleSum, 3> parts;
    for (std::size_t i = 0; i < n_; ++i) {
      const double vol = mesh_.volume[i], rounding = dt * gross_[i] * theta_[i] + vol * rho0[i];
      R_[i] = vol * (rho1_[i] - rho0[i]) - dt * R_[i];
      parts[0] += R_[i] * R_[i];
      parts[1] += rounding * rounding;
      parts[2] += vol * rho0[i] * vol * rho0[i];
    }
    const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
    return {std::sqrt(sums[0]), epsilon * std::sqrt(sums[1]), std::sqrt(sums[2])};
  }

  /// gross_[K] = sum of the outgoing rates of K, once per version of the rates.
  void gross_outflow() {
    if (gross_version_ == generator_.version()) return;
    gross_version_ = generator_.version();
    std::ranges::fill(gross_, 0.0);
    std::ranges::copy(generator_.absorption(), gross_.begin());
    for (const FaceRun& run : generator_.runs()) {
      for (std::int32_t i = 0; i < run.count; ++i) {
        const auto f = static_cast<std::size_t>(run.first + i);
        if (run.left_owned) gross_[std::size_t(run.left + i)] += generator_.forward()[f];
        if (run.right_owned) gross_[std::size_t(run.right + i)] += generator_.backward()[f];
      }
    }
  }

  std::string newton_step(StepReport& report, double dt, double rtol) {
    sigma_.resize(n_);
    y_.assign(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
      sigma_[i] = 1 / slope_[i];
      R_[i] = -R_[i];
    }
    const SolveReport solve = newton_.solve(dt, sigma_, R_, y_, rtol);
    count(report, solve);
    if (!solve.converged) return "the linear solve inside Newton's method failed: " + solve.reason;
    for (std::size_t i = 0; i < n_; ++i) {
      rho1_[i] = std::max(rho1_[i] + sigma_[i] * y_[i], options_.min_factor * rho1_[i]);
    }
    return "";
  }

  /// R_ = M e, but for the last B.
  void own_error(StepReport& report, const std::vector<double>& rho0, double dt) {
    const double c = 0.5 * dt;
    std::vector<double> mean_cost(n_), field(rho0.size());
    for (std::size_t i = 0; i < field.size(); ++i) {
      field[i] = 0.5 * (rho0[i] + rho1_[i]) - theta_[i];
    }
    generator_.apply(field, mean_cost);
    for (std::size_t i = 0; i < field.size(); ++i) field[i] = c * (rho1_[i] - rho0[i]);
    generator_.apply(field, R_);
    error_.solve(report, c, R_, owned(mesh_, field));
    mesh_.halo.update(mesh_.comm, field);
    generator_.apply(field, R_);
    for (std::size_t i = 0; i < n_; ++i) R_[i] = dt * mean_cost[i] - c * R_[i] / 3;
  }

  MidpointOptions options_;
  const Mesh& mesh_;
  Generator& generator_;
  ShiftedSolver newton_;
  LinearStage stage_;
  CarriedError error_;
  std::size_t n_;
  long gross_version_ = -1;
  std::vector<double> rho1_, theta_, slope_, R_, gross_, sigma_, y_;
};

const RegisterStepper registered{{
    .name = "midpoint",
    .doc = "Identric midpoint: second order, positive where it succeeds, free energy and "
           "dissipation balanced to rounding.",
    .equation = "M (rho1 - rho0) = dt M Q theta, log theta = (rho1 log rho1 - rho0 log rho0) / "
                "(rho1 - rho0) - 1",
    .method = "Newton's method, one linear solve of an M-matrix each",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_midpoint(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_midpoint(const Problem& problem, const MidpointOptions& options) {
  check_suits("midpoint", solves, problem);
  return std::make_unique<Midpoint>(problem, options);
}

}  // namespace otto
