// Implicit Euler for any free energy:
//
//   R_K = vol_K (rho1_K - rho0_K) + dt sum_L F_KL = 0,   F of nonlinear_flux.h, taken at
//   mu = U'(rho1) + V + W * (rho0 + rho1)/2.
//
// With convex U and even W,
//
//   F(rho1) - F(rho0) <= sum_K vol_K (rho1_K - rho0_K) mu_K = -dt sum_f F_f (mu_K - mu_L) <= 0
//
// for every dt: the mean in W * makes the quadratic term exact. Since nothing flows out of an empty
// cell, the solution is non-negative; where a crowd is at its maximum the unknown is its pressure.
//
// Newton's method in s (nonlinear_flux.h), W * rho following one iterate behind in the matrix but
// not in the residual. Its matrix is an M-matrix whose columns sum to vol rho', so exact steps keep
// the mass. A step may empty a cell down to a tenth, and fill it up to a tenth below the maximum of a mobility; steps that do not reduce |R|_1 are halved.
// Stop at |R|_1 <= tolerance * mass, or where rounding is reached. What is left of the mass is
// mended by MassPositivityLimiter.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/flux/two_point.h"
#include "otto/linear/flux_solver.h"
#include "otto/operators/chemical_potential.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/nonlinear_flux.h"
#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

constexpr Solves solves{.energies = Energies::nonlinear,
                        .flux = FluxUse::dissipating,
                        .mobility = true,
                        .drift = false,
                        .absorbing = false};

class NonlinearEuler final : public Stepper {
 public:
  NonlinearEuler(const Problem& problem, const NonlinearEulerOptions& options)
      : options_(options),
        mesh_(problem.mesh),
        generator_(problem.generator),
        internal_(problem.energy.internal()),
        flux_(make_nonlinear_flux(problem.generator, problem.flux.empty()
                                                         ? problem.generator.flux()
                                                         : find_flux(problem.flux))),
        solver_(problem.mesh, problem.solver),
        limiter_(problem.mesh, problem.solver.rtol),
        tolerance_(std::min(options.tolerance, options.solver_part * problem.solver.rtol)),
        n_(std::size_t(mesh_.owned)),
        x_(std::size_t(mesh_.local())),
        F_(std::size_t(mesh_.faces.size())),
        left_(F_.size()),
        right_(F_.size()),
        R_(n_),
        ds_(n_) {
    const double empty = 0;
    double curvature = 0;
    internal_.derivatives(std::span(&empty, 1), 0, {}, std::span(&curvature, 1));
    floor_ = std::isfinite(curvature) ? 0 : options.empty;
    ceiling_ = problem.generator.mobility().maximum;
    if (internal_.keeps_below_maximum()) ceiling_ = std::min(ceiling_, internal_.maximum());
  }

  void restart(const State& state) override {
    limiter_.start(owned(mesh_, state.density));
    pressure_.assign(n_, 0.0);
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    begin(state, dt, options_.empty);
    std::string reason = iterate(report, state.density, dt);
    if (!reason.empty() && std::isfinite(ceiling_)) {
      begin(state, dt, options_.full);
      reason = iterate(report, state.density, dt);
    }
    if (reason.empty()) {
      rho_ = x_.rho;
      reason = limiter_.limit(owned(mesh_, rho_), state.time + dt);
    }
    if (!reason.empty()) {
      report.reason = std::move(reason);
      return report;
    }
    const double P = std::min(internal_.maximum(), ceiling_);
    for (double& r : rho_) r = std::min(r, P);
    mesh_.halo.update(mesh_.comm, rho_);
    keep_pressure();
    report.dissipation = std::max(0.0, dissipation_of(generator_, x_, F_));
    state.density.swap(rho_);
    state.time += dt;
    report.accepted = true;
    return report;
  }

  void remember(Archive& archive) override {
    archive.part("keeper", limiter_);
    archive.cells("pressure", pressure_);
  }
  [[nodiscard]] int order() const override { return 1; }
  [[nodiscard]] bool dissipative() const override { return true; }

 private:
  struct Residual {
    double norm = 0, rounding = 0;  ///< |R|_1 and what it would be from rounding alone
  };

  /// `below`: how far below a maximum that is never reached the fullest cells start, over it.
  void begin(const State& state, double dt, double below) {
    generator_.set_time(state.time + dt);
    scale_kappa(dt);
    // from the last density; where U''(0) is infinite, empty cells need a start
    double max = 0;
    for (std::size_t i = 0; i < n_; ++i) max = std::max(max, state.density[i]);
    const double min = floor_ * mesh_.comm.max(max);
    for (std::size_t i = 0; i < n_; ++i) {
      x_.s[i] = std::clamp(state.density[i], min, ceiling_ * (1 - below));
      if (pressure_[i] > 0) x_.s[i] += pressure_[i] / kappa_;
    }
  }

  /// The pressure of the step just made, from which the next one starts.
  void keep_pressure() {
    const double P = internal_.maximum();
    for (std::size_t i = 0; i < n_; ++i) {
      pressure_[i] = x_.s[i] > P ? kappa_ * (x_.s[i] - P) : 0.0;
    }
  }

  /// The pressure of a crowd in units that give both kinds of unknowns columns of like size.
  void scale_kappa(double dt) {
    std::array<ReproducibleSum, 3> parts;
    parts[0].add(std::span(mesh_.volume).first(n_));
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      if (mesh_.faces.left[f] >= mesh_.owned) continue;  // that of another rank
      parts[1] += mesh_.faces.transmissibility[f];
      parts[2] += 1;
    }
    const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
    const double vol = sums[0] / double(mesh_.global_cells), a = sums[1] / std::max(1.0, sums[2]);
    const double P = internal_.maximum();
    kappa_ = std::isfinite(P) && a > 0 ? vol / (dt * a * P) : 0;
  }

  std::string iterate(StepReport& report, const std::vector<double>& rho0, double dt) {
    Residual now = residual(rho0, dt);
    const int max_iterations = report.newton_iterations + options_.max_iterations;
    while (!(now.norm <= tolerance_ * limiter_.mass() ||
             now.norm <= options_.rounding * now.rounding)) {
      if (!std::isfinite(now.norm)) return "Newton's method met a value that is not finite";
      if (report.newton_iterations == max_iterations) {
        return fmt::format(
            "Newton's method still has a residual of {:.2g} of the mass after {} "
            "iterations",
            now.norm / limiter_.mass(), options_.max_iterations);
      }
      ++report.newton_iterations;
      for (std::size_t i = 0; i < n_; ++i) omega_[i] = mesh_.volume[i] * x_.drho[i];
      solver_.set(dt, omega_, left_, right_);
      for (double& r : R_) r = -r;
      const SolveReport solve = solver_.solve(R_, ds_);
      count(report, solve);
      if (!solve.converged)
        return "the linear solve inside Newton's method failed: " + solve.reason;
      const Residual next = search(now, rho0, dt);
      if (!(next.norm < now.norm)) {
        if (now.norm <= options_.near_rounding * now.rounding) break;
        return fmt::format("Newton's method stalls at a residual of {:.2g} of the mass",
                           now.norm / limiter_.mass());
      }
      now = next;
    }
    return "";
  }

  /// Along ds from s: the full step, or the first half of half of ... it with a smaller residual.
  Residual search(const Residual& now, const std::vector<double>& rho0, double dt) {
    const std::vector<double> start = x_.s;
    const double P = internal_.maximum();
    Residual next;
    double length = 1;
    for (int halvings = 0; halvings <= options_.max_halvings; ++halvings, length *= 0.5) {
      for (std::size_t i = 0; i < n_; ++i) {
        x_.s[i] = std::max(start[i] + length * ds_[i], options_.min_factor * std::min(start[i], P));
        x_.s[i] = std::min(x_.s[i], start[i] + (1 - options_.min_factor) * (ceiling_ - start[i]));
      }
      next = residual(rho0, dt);
      if (next.norm <= (1 - options_.min_decrease * length) * now.norm) return next;
    }
    x_.s = start;
    return residual(rho0, dt);
  }

  /// R_, the fluxes and their derivatives at x_.s (owned values).
  Residual residual(const std::vector<double>& rho0, double dt) {
    mesh_.halo.update(mesh_.comm, x_.s);
    x_.update(internal_, kappa_);
    field(rho0);
    flux_->evaluate(x_, F_, left_, right_);
    std::fill(R_.begin(), R_.end(), 0.0);
    for (const FaceRun& run : generator_.runs())
      scatter(run, &F_[std::size_t(run.first)], R_.data());
    std::array<ReproducibleSum, 2> parts;  // |R|, and the numbers it is a difference of
    for (std::size_t i = 0; i < n_; ++i) {
      const double vol = mesh_.volume[i];
      R_[i] = vol * (x_.rho[i] - rho0[i]) - dt * R_[i];
      parts[0] += std::abs(R_[i]);
      parts[1] += vol * (x_.rho[i] + rho0[i]);
    }
    // a rho (U' + rest) are the numbers whose difference a flux is
    for (std::size_t f = 0; f < F_.size(); ++f) {
      const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
      const double terms = std::max(left_[f] * x_.rho[K], -right_[f] * x_.rho[L]) + std::abs(F_[f]);
      if (mesh_.faces.left[f] < mesh_.owned) parts[1] += dt * terms;
    }
    const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
    return {sums[0], epsilon * sums[1]};
  }

  /// rest = V + W * (rho0 + rho)/2.
  void field(const std::vector<double>& rho0) {
    const auto V = generator_.external();
    std::copy(V.begin(), V.end(), x_.rest.begin());
    if (!generator_.energy().interaction()) return;
    mean_.resize(n_);
    W_.resize(x_.rest.size());
    for (std::size_t i = 0; i < n_; ++i) mean_[i] = 0.5 * (rho0[i] + x_.rho[i]);
    interaction_field(generator_, mean_, W_);
    mesh_.halo.update(mesh_.comm, W_);
    for (std::size_t i = 0; i < W_.size(); ++i) x_.rest[i] += W_[i];
  }

  NonlinearEulerOptions options_;
  const Mesh& mesh_;
  Generator& generator_;
  const InternalEnergy& internal_;
  std::unique_ptr<NonlinearFlux> flux_;
  FluxSolver solver_;
  MassPositivityLimiter limiter_;
  double tolerance_;
  std::size_t n_;
  FluxState x_;
  std::vector<double> F_, left_, right_, R_, ds_;
  std::vector<double> omega_ = std::vector<double>(n_), rho_, mean_, W_, pressure_;
  double kappa_ = 0, floor_ = 0;
  double ceiling_ =
      0;  ///< that densities approach and never reach: of the mobility, or where U' is infinite
};

const RegisterStepper registered{{
    .name = "implicit_euler",
    .doc = "",
    .method = "Newton's method in the density (or the pressure of a full crowd), W * rho one "
              "iterate behind in the matrix; GMRES with BoomerAMG",
    .order = 1,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_nonlinear_euler(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_nonlinear_euler(const Problem& problem,
                                              const NonlinearEulerOptions& options) {
  check_suits("implicit_euler", solves, problem);
  return std::make_unique<NonlinearEuler>(problem, options);
}

}  // namespace otto
