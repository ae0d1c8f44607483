#pragma once
// Every stepper by a function, for programs, tests and bindings without a case file. Each throws
// InputError where the problem is not one the scheme is for (otto/time/dispatch.h), and keeps
// references to the mesh, the energy and the generator. All are collective.
//
//   const auto stepper = make_jko({mesh, energy, generator}, {.inner_steps = 4});
//   stepper->restart(state);
//   const StepReport report = stepper->advance(state, 0.01);

#include <memory>
#include <optional>

#include "otto/time/exponential_action.h"
#include "otto/time/stepper.h"

namespace otto {

class Section;

/// Mean of the two densities at a face by which proximal steps transport mass.
enum class FaceWeights {
  centred,  ///< arithmetic: second order
  upwind,   ///< of the cell mass comes from: first order, monotone
  blend     ///< upwind where the density jumps by factors, centred where it is smooth
};

/// Of the proximal schemes jko, jko_bdf2 and jko_midpoint.
struct ProximalOptions {
  FaceWeights weights = FaceWeights::centred;  ///< at the faces
  int inner_steps = 1;  ///< jko alone: in which the distance of one step is taken
  /// jko alone: weight of the new density in that of the distance. None: 1/2 for one inner step,
  /// which makes the linearised distance second order, else 1, with which inner steps converge.
  std::optional<double> kappa = {};
};
ProximalOptions read_proximal(const Section& time);  ///< of a [time] table

/// Of the exponential scheme.
struct ExponentialOptions {
  double tolerance = 1e-4;  ///< L1 error allowed at the end of the run
  double duration = 1;      ///< of the run, over which the tolerance is shared out
  /// c / dt of the resolvents (I - c Q)^{-1}: 0.2 takes about the fewest for tolerances from 1e-4 to
  /// 1e-9.
  double pole = 0.2;
  ActionOptions action = {};  ///< of the Krylov space
};
ExponentialOptions read_exponential(const Section& time);  ///< of a [time] table

/// Of BDF2.
struct Bdf2Options {
  /// Of a step over the one before: up to 1 + sqrt 2 the formula is zero-stable (Grigorieff 1983).
  double max_ratio = 2.41421356237309504880;
};

/// Newton's method of the identric midpoint rule, which goes to rounding: its balance of free energy
/// and dissipation is as good as its residual.
struct MidpointOptions {
  int max_iterations = 30;     ///< more: the step is too long, and refused
  double stalled = 0.5;        ///< of the last residual: no gain, ...
  double near_rounding = 1e3;  ///< ... which is as good as rounding up to this times it, ...
  int min_iterations = 3;      ///< ... and is not believed before these
  double min_rtol = 1e-10;     ///< of linear solves, which are as precise as the residual is small
  double max_rtol = 1e-2;      ///< of linear solves, far from the solution
  double rounding_part = 0.1;  ///< of the rounding of the residual, that a solve may leave
  double min_factor = 0.1;     ///< of a density over itself in one iteration, to stay positive
};

/// Newton's method of implicit Euler for other energies than entropy and V.
struct NonlinearEulerOptions {
  int max_iterations = 50;     ///< more: the step is too long, and refused
  int max_halvings = 10;       ///< of one Newton step
  double tolerance = 1e-11;    ///< of |R|_1 over the mass, ...
  double solver_part = 1e-3;   ///< ... or of solver.rtol where that is less
  double rounding = 4;         ///< times the rounding of |R|_1: as good as solved
  double near_rounding = 100;  ///< times it: good enough where nothing more is gained
  double min_factor = 0.1;     ///< of a density over itself in one iteration, to stay positive
  double min_decrease = 1e-4;  ///< of |R|_1 per length of the step (Armijo)
  double empty = 1e-12;        ///< start of empty cells, over the largest density, where U''(0) is
                               ///< infinite; as close to a maximum a cell is full
  double full = 1e-2;  ///< second start of full cells, below a maximum that is never reached and
                       ///< over it, where Newton's method fails so near the pole of U'' or the
                       ///< end of the mobility
};

/// Where whole gradients are taken.
enum class SimplexRule {
  implicit_euler,  ///< at the new density: first order
  midpoint         ///< at the identric mean of both densities: second order
};

/// Newton's method with whole gradients.
struct SimplexStepOptions {
  int max_iterations = 50;  ///< more: the step is too long, and refused
  int max_halvings = 10;    ///< of one Newton step
  /// Of |R|_1 over the mass, for implicit Euler; the midpoint rule goes to rounding.
  double tolerance = 1e-11;
  double solver_part = 1e-3;   ///< the same of solver.rtol, where that is less
  double near_rounding = 100;  ///< times the rounding: good enough where nothing more is gained ...
  double stalled = 0.5;        ///< ... than this of the last residual
  double min_decrease = 1e-4;  ///< of |R|_1 per length of the step (Armijo)
  double max_rtol = 1e-2;      ///< of linear solves, which are as precise as Newton's next residual
                               ///< needs, ...
  double wanted_part = 0.1;    ///< ... with this margin to the residual asked for at last
  double min_density = 1e-250;  ///< products with it are still numbers
  double empty = 1e-4;          ///< start of empty cells, over the largest density
  /// Newton's iteration for v, the growth of log rho in a cell by itself, which may stop early: v
  /// need not be exact for positivity, only for the speed of the outer one.
  int growth_iterations = 50;
  double growth_rtol = 1e-6;   ///< of |v| + growth_scale
  double growth_scale = 1e-3;  ///< smaller v are as good as this one
  double min_growth = -200;    ///< of log rho in one iteration, implicit Euler
  /// Of rho over itself in one iteration of the midpoint rule, which has no barrier at 0.
  double min_midpoint_factor = 0.1;
};

/// (M - dt M Q) rho1 = M rho0; for entropy and V alone, as all up to `make_midpoint`.
std::unique_ptr<Stepper> make_implicit_euler(const Problem& problem);
/// (M - dt/2 M Q) rho1 = (M + dt/2 M Q) rho0: second order; rough data ring in long steps.
std::unique_ptr<Stepper> make_crank_nicolson(const Problem& problem);
/// From the last two densities: second order, one solve a step.
std::unique_ptr<Stepper> make_bdf2(const Problem& problem, const Bdf2Options& options = {});
/// A trapezoidal stage and one of BDF2: second order, L-stable, two solves a step.
std::unique_ptr<Stepper> make_tr_bdf2(const Problem& problem);
/// The same with an interaction, W * rho extrapolated to the middle of the step.
std::unique_ptr<Stepper> make_lagged_tr_bdf2(const Problem& problem);
/// rho1 = exp(dt Q) rho0 by a Krylov method, to a tolerance whatever the step.
std::unique_ptr<Stepper> make_exponential(const Problem& problem,
                                          const ExponentialOptions& options = {});
/// The identric mean of both densities: second order, F[n+1] - F[n] + dt dissipation is zero to
/// rounding.
std::unique_ptr<Stepper> make_midpoint(const Problem& problem, const MidpointOptions& options = {});
/// Implicit Euler for free energies with terms beyond entropy and V.
std::unique_ptr<Stepper> make_nonlinear_euler(const Problem& problem,
                                              const NonlinearEulerOptions& options = {});
/// With whole gradients: `problem.flux` is `flux_on_simplices`.
std::unique_ptr<Stepper> make_simplex_step(const Problem& problem, SimplexRule rule,
                                           const SimplexStepOptions& options = {});
/// Proximal steps, for every free energy.
std::unique_ptr<Stepper> make_jko(const Problem& problem, const ProximalOptions& options = {});
/// From the geodesic of the last two densities, continued: second order.
std::unique_ptr<Stepper> make_jko_bdf2(const Problem& problem, const ProximalOptions& options = {});
/// Half a proximal step and one linear solve: second order.
std::unique_ptr<Stepper> make_jko_midpoint(const Problem& problem,
                                           const ProximalOptions& options = {});

}  // namespace otto
