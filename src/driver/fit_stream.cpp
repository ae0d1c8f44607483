#include "fit_stream.h"

#include <algorithm>
#include <cmath>

#include "otto/time/linear_flow.h"

namespace otto {

namespace {

/// int R |grad|^2 of a field of rises.
double strength(const Mesh& mesh, const std::vector<double>& R, const std::vector<double>& rise) {
  double sum = 0;
  for (std::size_t f = 0; f < rise.size(); ++f) {
    if (mesh.faces.left[f] >= mesh.owned) continue;
    const double mean =
        0.5 * (R[std::size_t(mesh.faces.left[f])] + R[std::size_t(mesh.faces.right[f])]);
    sum += mesh.faces.transmissibility[f] * mean * rise[f] * rise[f];
  }
  return mesh.comm.sum(sum);
}

std::vector<double> with_ghosts(const Mesh& mesh, std::span<const double> values) {
  std::vector<double> v(std::size_t(mesh.local()), 0.0);
  std::ranges::copy(values, v.begin());
  mesh.halo.update(mesh.comm, v);
  return v;
}

/// x with c = 0.
Objective::Vector without_drift(const Unknowns& of_x, const Objective::Vector& x,
                                const Unknowns& whole) {
  Objective::Vector y(whole.size(), 0.0);
  const auto before = std::ptrdiff_t(of_x.block() + of_x.pairs);
  std::copy_n(x.begin(), before, y.begin());
  if (of_x.temperature) y.back() = x.back();
  return y;
}

struct StreamRule {
  int max_rounds = 6;       ///< of its evidence
  double settled = 0.2;     ///< change of the logarithm of its strength that ends them
  double max_change = 100;  ///< factor of it in a round
  double min_parameters =
      0.1;  ///< gamma: of a drift that is not there it is 0, and its strength infinite
};

/// Strength of the drift's prior by its own evidence: alpha_psi = gamma_psi / (int |Hess psi|^2 N_eff). False: a stop.
bool settle_stream(FitLevel& level, const FitSetup& setup, const std::function<bool()>& stop) {
  const StreamRule rule;
  Objective& J = level.objective();
  GaussNewton& newton = level.newton();
  for (int round = 0; round < rule.max_rounds; ++round) {
    const auto all = evidence(J, newton, setup.data.sampled(), setup.options.seed, stop);
    if (!all) return false;
    const auto gamma = stream_parameters(J, newton, setup.options.seed, stop);
    if (!gamma) return false;
    Objective::Vector drift = newton.x();
    std::ranges::fill(J.unknowns().V(std::span(drift)), 0.0);
    const double bending = J.bending(drift) / J.stream_factor;
    const double next = std::max(*gamma, rule.min_parameters) /
                        std::max(bending * all->effective_samples * J.alpha, 1e-300);
    const double change = std::clamp(next / J.stream_factor, 1 / rule.max_change, rule.max_change);
    if (std::abs(std::log(change)) < rule.settled) break;
    J.stream_factor *= change;
    newton.set_prior(J.alpha, J.alpha_W);
    for (int step = 0; step < setup.options.iterations; ++step) {
      if (stop()) return false;
      (void)newton.step();
      if (newton.converged(setup.options.tolerance)) break;
    }
  }
  return true;
}

}  // namespace

std::optional<StreamShare> find_stream(const FitSetup& setup, const Unknowns& of_x,
                                       const Objective::Vector& x, double misfit, int sines,
                                       const std::function<bool()>& stop) {
  FitSettings options = setup.options;
  options.streams = sines;
  Generator generator(setup.mesh, setup.energy, find_flux(setup.flux), setup.drift.get());
  FitLevel level(setup.mesh, generator, setup.data, options);
  Objective& J = level.objective();
  const std::vector<Objective::Vector> candidates{level.poisson_start(),
                                                  Objective::Vector(J.size(), 0.0),
                                                  without_drift(of_x, x, J.unknowns())};
  const PriorStrengths alpha = level.first_alpha();
  Continuation continuation =
      level.continuation({.x = candidates[level.best_of(candidates, alpha)], .alpha = alpha});
  while (!continuation.done()) {
    if (stop()) return std::nullopt;
    (void)continuation.next();
    if (!continuation.advance(stop)) return std::nullopt;
  }
  if (!settle_stream(level, setup, stop)) return std::nullopt;
  const std::span<const double> found = level.newton().x();
  const std::vector<double> R = with_ghosts(setup.mesh, J.time_integral());
  const double of_b = strength(setup.mesh, R, J.streams()->rise_of(J.unknowns().c(found)));
  const double of_V =
      strength(setup.mesh, R, rises_of(setup.mesh, with_ghosts(setup.mesh, J.potential(found))));
  return StreamShare{.share = of_b / std::max(of_b + of_V, 1e-300), .gain = misfit - J.misfit()};
}

}  // namespace otto
