// Steps of d_t rho = div(rho Lambda grad mu) with whole gradients (operators/simplex_flux.h):
//
//   R = vol (rho1 - rho0) + dt outflow(theta) = 0,   mu = U'(theta) + V,
//
//   implicit Euler   theta = rho1
//   midpoint         log theta = (rho1 log rho1 - rho0 log rho0) / (rho1 - rho0) - 1   (entropy)
//
// D the dissipation at theta,
//
//   F(rho1) - F(rho0)  <=  sum_K vol_K (rho1_K - rho0_K) mu_K  =  -dt D  <=  0,
//
// with equality for the midpoint. U'(0) = -inf keeps implicit Euler positive for every dt: where
// rho1_K falls to 0, mu_K falls below all others, and rho_e of its groups does not vanish. The
// midpoint rule has no such barrier; a step that does not converge is refused.
//
// Nor does it damp what is rough. Where cells are bounded by medians a run begins with averages
// over cells in which the vertex lies to one side, O(h) from the values at the vertices: its first
// step is two steps of implicit Euler of half the length (Rannacher, Numer. Math. 43, 1984), where
// their Newton iterations converge.
//
// Newton's method for the change z of mu, in the system of linear/simplex_solver.h with omega = vol
// / theta' and c = dt; then delta = z / (mu' theta').
//
// In a cell by itself, its neighbours held, the equation is vol rho + c log rho = b, with c = kappa
// vol rho from the diagonal. Where Newton's step is rho (1 + r), the density moves to rho e^v with
//
//   e^v - 1 + kappa v = (1 + kappa) r,
//
// which solves that equation whatever its size: v is r where flows dominate, log(1 + r) where the
// content of the cell does, and no density becomes negative. Steps that do not reduce |R|_1 are
// halved. Stop at |R|_1 <= tolerance * mass (implicit Euler) or at rounding. Linear systems are
// solved as precisely as Newton's next residual needs.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/vector_math.h"
#include "otto/linear/simplex_solver.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/simplex_flux.h"
#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// The root v of e^v - 1 + kappa v = (1 + kappa) r, by Newton's method from its right, where the
/// left side is convex; not below `min_growth`.
double growth(double r, double kappa, const SimplexStepOptions& o) {
  const double b = (1 + kappa) * r;
  const double linear = kappa > 0 ? (r > 0 ? b : b + 1) / kappa : (r > 0 ? INFINITY : r);
  double v = std::min(r > 0 ? std::log1p(b) : r, linear);
  for (int i = 0; i < o.growth_iterations && v > o.min_growth; ++i) {
    const double e = std::exp(v), step = (e - 1 + kappa * v - b) / (e + kappa);
    v -= step;
    if (!(std::abs(step) > o.growth_rtol * (o.growth_scale + std::abs(v)))) break;
  }
  return std::max(v, o.min_growth);
}

/// One row for each rule.
constexpr Solves solves(SimplexRule rule) {
  return {.energies = rule == SimplexRule::midpoint ? Energies::linear : Energies::any,
          .flux = FluxUse::simplex,
          .needs_positivity = true,
          .interaction = false,
          .drift = false,
          .absorbing = false};
}

class SimplexStep final : public Stepper {
 public:
  SimplexStep(const Problem& problem, SimplexRule rule, const SimplexStepOptions& options)
      : options_(options),
        mesh_(problem.mesh),
        generator_(problem.generator),
        internal_(problem.energy.internal()),
        flux_(problem.mesh,
              problem.diffusion ? *problem.diffusion : identity_diffusion(problem.mesh)),
        solver_(flux_, problem.solver),
        limiter_(problem.mesh, problem.solver.rtol),
        second_order_(rule == SimplexRule::midpoint),
        rtol_(problem.solver.rtol),
        n_(std::size_t(mesh_.owned)) {
    for (auto* field : {&rho_, &theta_, &slope_, &mu_, &dmu_, &size_, &R_}) {
      field->resize(std::size_t(mesh_.local()));
    }
    for (auto* field : {&omega_, &z_, &kappa_}) field->resize(n_);
  }

  void restart(const State& state) override {
    limiter_.start(owned(mesh_, state.density));
    starts_ = true;
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    if (starts_ && second_order_ && mesh_.simplices) damped_start(report, state, dt);
    if (!report.accepted) step(report, state, dt, second_order_ ? Rule::midpoint : Rule::euler);
    if (report.accepted) starts_ = false;
    return report;
  }

  double dissipation(const State& state) override {
    theta_ = state.density;
    for (double& r : theta_) r = std::max(r, options_.min_density);
    potential();
    return flux_.outflow(theta_, mu_, size_, R_).dissipation;
  }

  void remember(Archive& archive) override { archive.part("keeper", limiter_); }
  [[nodiscard]] int order() const override { return second_order_ ? 2 : 1; }
  [[nodiscard]] bool dissipative() const override { return true; }

 private:
  enum class Rule { euler, midpoint };
  struct Residual {
    double norm = 0, rounding = 0;  ///< |R|_1 and what it may be from rounding alone
    double dissipation = 0;
  };

  void damped_start(StepReport& report, State& state, double dt) {
    State half = state;
    step(report, half, 0.5 * dt, Rule::euler);
    const double dissipation = report.dissipation;
    if (report.accepted) step(report, half, 0.5 * dt, Rule::euler);
    if (!report.accepted) return;
    report.dissipation = 0.5 * (dissipation + report.dissipation);
    state = std::move(half);
  }

  void step(StepReport& report, State& state, double dt, Rule rule) {
    midpoint_ = rule == Rule::midpoint;
    steepest_ = midpoint_ ? std::log(options_.min_midpoint_factor) : options_.min_growth;
    tolerance_ = midpoint_ ? 0 : std::min(options_.tolerance, options_.solver_part * rtol_);
    generator_.set_time(state.time + (midpoint_ ? 0.5 : 1.0) * dt);
    guess(state);
    report.reason = iterate(report, state.density, dt);
    if (report.reason.empty()) report.reason = limiter_.limit(owned(mesh_, rho_), state.time + dt);
    report.accepted = report.reason.empty();
    if (!report.accepted) return;
    mesh_.halo.update(mesh_.comm, rho_);
    report.dissipation = now_.dissipation;
    state.density.swap(rho_);
    state.time += dt;
  }

  void guess(const State& state) {
    double max = 0;
    for (std::size_t i = 0; i < n_; ++i) max = std::max(max, state.density[i]);
    const double min = options_.empty * mesh_.comm.max(max);
    for (std::size_t i = 0; i < n_; ++i) {
      rho_[i] = state.density[i] > options_.min_density ? state.density[i] : min;
    }
  }

  std::string iterate(StepReport& report, const std::vector<double>& rho0, double dt) {
    now_ = residual(rho0, dt);
    int iterations = 0;
    while (!(now_.norm <= tolerance_ * limiter_.mass() || now_.norm <= now_.rounding)) {
      if (!std::isfinite(now_.norm)) return "Newton's method met a value that is not finite";
      if (iterations == options_.max_iterations) return still("gets no further", iterations);
      ++iterations;
      ++report.newton_iterations;
      for (std::size_t i = 0; i < n_; ++i) omega_[i] = mesh_.volume[i] / slope_[i];
      solver_.set(dt, omega_, theta_, mu_, dmu_);
      for (std::size_t i = 0; i < n_; ++i) R_[i] = -R_[i];
      const double wanted = std::max(tolerance_ * limiter_.mass(), now_.rounding) / now_.norm;
      const double rtol =
          std::clamp(now_.norm / limiter_.mass(), options_.wanted_part * std::min(1.0, wanted),
                     options_.max_rtol);
      const SolveReport solve = solver_.solve(owned(mesh_, R_), z_, rtol);
      count(report, solve);
      if (!solve.converged)
        return "the linear solve inside Newton's method failed: " + solve.reason;
      const Residual last = now_;
      now_ = search(last, rho0, dt);
      // near rounding nothing more may be gained
      const bool stalled = now_.norm > options_.stalled * last.norm;
      if (stalled && now_.norm <= options_.near_rounding * now_.rounding) break;
      if (!(now_.norm < last.norm)) return still("stalls", iterations);
    }
    return "";
  }

  [[nodiscard]] std::string still(const char* what, int iterations) const {
    return fmt::format("Newton's method {} at a residual of {:.2g} of the mass after {} iterations",
                       what, now_.norm / limiter_.mass(), iterations);
  }

  /// Along z from rho_: the full step, or the first half of half of ... it with a smaller residual.
  Residual search(const Residual& now, const std::vector<double>& rho0, double dt) {
    const std::vector<double> from = rho_;
    for (std::size_t i = 0; i < n_; ++i) {
      kappa_[i] = std::max(solver_.diagonal()[i] * dmu_[i] / omega_[i] - 1, 0.0);
      z_[i] /= dmu_[i] * slope_[i] * from[i];
    }
    Residual next;
    double length = 1;
    for (int halvings = 0; halvings <= options_.max_halvings; ++halvings, length *= 0.5) {
      for (std::size_t i = 0; i < n_; ++i) {
        const double v = growth(length * z_[i], kappa_[i], options_);
        rho_[i] = std::max(from[i] * std::exp(std::max(v, steepest_)), options_.min_density);
      }
      next = residual(rho0, dt);
      if (next.norm <= (1 - options_.min_decrease * length) * now.norm) return next;
    }
    rho_ = from;
    return residual(rho0, dt);
  }

  /// mu and its derivative at theta_.
  void potential() {
    internal_.derivatives(theta_, 0, mu_, dmu_);
    const auto V = generator_.external();
    for (std::size_t i = 0; i < mu_.size(); ++i) {
      size_[i] = std::abs(mu_[i]) + std::abs(V[i]);
      mu_[i] += V[i];
    }
  }

  /// R_ and all it depends on at rho_.
  Residual residual(const std::vector<double>& rho0, double dt) {
    mesh_.halo.update(mesh_.comm, rho_);
    if (midpoint_) {
      identric_of(rho0, rho_, theta_, slope_);
    } else {
      theta_ = rho_;
      std::ranges::fill(slope_, 1.0);
    }
    potential();
    const SimplexFlux::Sums sums = flux_.outflow(theta_, mu_, size_, R_);
    std::array<double, 2> norms{};
    for (std::size_t i = 0; i < n_; ++i) {
      const double vol = mesh_.volume[i];
      R_[i] = vol * (rho_[i] - rho0[i]) + dt * R_[i];
      norms[0] += std::abs(R_[i]);
      norms[1] += vol * (rho_[i] + rho0[i]);
    }
    mesh_.comm.sum_in_place(norms);
    return {norms[0], epsilon * (norms[1] + dt * sums.gross), sums.dissipation};
  }

  SimplexStepOptions options_;
  const Mesh& mesh_;
  Generator& generator_;
  const InternalEnergy& internal_;
  SimplexFlux flux_;
  SimplexSolver solver_;
  MassPositivityLimiter limiter_;
  bool second_order_;
  double rtol_;
  bool midpoint_ = false;  ///< the rule of the step now made, with its two limits:
  double steepest_ = 0;    ///< log of the least a density may fall to in one iteration, over itself
  double tolerance_ = 0;   ///< of |R|_1 over the mass
  std::size_t n_;
  Residual now_;
  std::vector<double> rho_, theta_, slope_, mu_, dmu_, size_, R_, omega_, z_, kappa_;
  bool starts_ = false;  ///< the next step is the first after `restart`
};

const RegisterStepper euler{{
    .name = "implicit_euler",
    .doc = "",
    .method = "Newton's method with whole gradients, in exponential growths that keep densities "
              "positive; GMRES with BoomerAMG",
    .order = 1,
    .solves = solves(SimplexRule::implicit_euler),
    .make = [](const Problem& p,
               const Section&) { return make_simplex_step(p, SimplexRule::implicit_euler); },
}};

const RegisterStepper midpoint{{
    .name = "midpoint",
    .doc = "",
    .method = "the same Newton's method for the identric mean; on medians the first step is two of "
              "implicit Euler",
    .order = 2,
    .solves = solves(SimplexRule::midpoint),
    .make = [](const Problem& p,
               const Section&) { return make_simplex_step(p, SimplexRule::midpoint); },
}};

}  // namespace

std::unique_ptr<Stepper> make_simplex_step(const Problem& problem, SimplexRule rule,
                                           const SimplexStepOptions& options) {
  check_suits(rule == SimplexRule::midpoint ? "midpoint" : "implicit_euler", solves(rule), problem);
  return std::make_unique<SimplexStep>(problem, rule, options);
}

}  // namespace otto
