#pragma once
// What looks wrong though every equation is solved: V that jumps at a periodic seam, mass pressed
// against a wall, fluxes that diffuse more than the temperature does, proximal steps longer than
// V's curvature allows. Each gives one sentence, or nothing. All are collective.

#include <optional>
#include <span>
#include <string>

#include "otto/operators/generator.h"

namespace otto {

/// From where on something is said.
struct CautionLimits {
  /// A difference of V across a seam counts as a jump where it is that many times the largest one
  /// between any neighbours along the same axis: a smaller one is within what the mesh resolves of
  /// this V anyway.
  double seam_factor = 2;
  /// ... and where it is at least this part of kT (of V's range without an entropy): less does not
  /// change a density visibly.
  double seam_part = 0.1;
  /// Share of the mass in the layers of thickness kT/|grad V| that V presses against the walls. A
  /// Gaussian whose mean is 1.3 deviations or more inside has less.
  double wall_share = 0.1;
  /// Those layers are thin: all of a wall together have at most this part of the domain. In thicker ones the density
  /// fills the domain, whatever shape it has.
  double wall_layer = 0.25;
  /// Mean over the mass of (diffusion of the flux)/kT - 1. With Scharfetter-Gummel it is
  /// (P/2) coth(P/2) - 1 for the cell Peclet number P: 1 at P = 3.8.
  double excess_diffusion = 1;
  /// Share of the mass where tau times the negative curvature of V exceeds 1: there the functional
  /// W2^2/2 tau + F of a proximal step is not convex, and the step may pass over a barrier that the
  /// flow would stop at.
  double curved_share = 0.1;
};

std::optional<std::string> seam_caution(const Generator& generator,
                                        const CautionLimits& limits = {});

/// `density`: owned values at least, here and below.
std::optional<std::string> wall_caution(const Generator& generator, std::span<const double> density,
                                        const CautionLimits& limits = {});

/// For schemes that step with the generator's rates.
std::optional<std::string> diffusion_caution(const Generator& generator,
                                             std::span<const double> density,
                                             const CautionLimits& limits = {});

/// For proximal schemes with steps `tau`.
std::optional<std::string> step_caution(const Generator& generator, std::span<const double> density,
                                        double tau, const CautionLimits& limits = {});

}  // namespace otto
