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
  FaceWeights weights = FaceWeights::centred;
  int inner_steps = 1;  ///< jko alone: in which the distance of one step is taken
  /// jko alone: weight of the new density in that of the distance. None: 1/2 for one inner step,
  /// which makes the linearised distance second order, else 1, with which inner steps converge.
  std::optional<double> kappa = {};
};
ProximalOptions read_proximal(const Section& time);  ///< of a [time] table

struct ExponentialOptions {
  double tolerance = 1e-4;  ///< L1 error allowed at the end of the run
  double duration = 1;      ///< of the run, over which the tolerance is shared out
  /// c / dt of the resolvents (I - c Q)^{-1}: 0.2 takes about the fewest for tolerances from 1e-4 to
  /// 1e-9.
  double pole = 0.2;
};
ExponentialOptions read_exponential(const Section& time);  ///< of a [time] table

enum class SimplexRule { implicit_euler, midpoint };

/// (M - dt M Q) rho1 = M rho0; for entropy and V alone, as all up to `make_midpoint`.
std::unique_ptr<Stepper> make_implicit_euler(const Problem& problem);
std::unique_ptr<Stepper> make_crank_nicolson(const Problem& problem);
std::unique_ptr<Stepper> make_bdf2(const Problem& problem);
std::unique_ptr<Stepper> make_tr_bdf2(const Problem& problem);
std::unique_ptr<Stepper> make_exponential(const Problem& problem,
                                          const ExponentialOptions& options = {});
std::unique_ptr<Stepper> make_midpoint(const Problem& problem);
/// Implicit Euler for free energies with terms beyond entropy and V.
std::unique_ptr<Stepper> make_nonlinear_euler(const Problem& problem);
/// With whole gradients: `problem.flux` is `flux_on_simplices`.
std::unique_ptr<Stepper> make_simplex_step(const Problem& problem, SimplexRule rule);
/// Proximal steps, for every free energy.
std::unique_ptr<Stepper> make_jko(const Problem& problem, const ProximalOptions& options = {});
std::unique_ptr<Stepper> make_jko_bdf2(const Problem& problem, const ProximalOptions& options = {});
std::unique_ptr<Stepper> make_jko_midpoint(const Problem& problem,
                                           const ProximalOptions& options = {});

}  // namespace otto
