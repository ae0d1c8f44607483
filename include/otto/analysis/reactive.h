#pragma once
// The theory of transitions from a set A to a set B (E, Vanden-Eijnden 2006; Metzner, Schuette,
// Vanden-Eijnden 2009) of a closed generator with the stationary density pi, of mass 1:
//
//   q+  the probability to reach B before A,            Q* q+ = 0,   0 on A, 1 on B
//   q-  the probability to have come from A, not B,     Q (pi q-) = 0,   1 on A, 0 on B
//   F   transitions per time: what u = pi q- carries into B. With detailed balance it is taken from the
//       capacity instead (Dirichlet's form of q+), which loses no digits in deep wells; with a drift from both
//       ends, which are equal on every grid, and it is refused where the solves leave them apart.
//   k_AB = F / int pi q-,   and 1/k_AB is the mean first-passage time from A, where the last
//   transition has entered it, to B.
//
// With detailed balance q- = 1 - q+. The current of the transitions across a face K|L is
//
//   J_f = f_KL q-_K q+_L pi_K - f_LK q-_L q+_K pi_L,    f the rates of the generator.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "otto/analysis/observables.h"

namespace otto {

struct Transitions {
  std::vector<double> stationary;  ///< pi, owned cells
  std::vector<double> forward;     ///< q+, owned cells
  std::vector<double> backward;    ///< q-, owned cells
  std::vector<double> face_flux;   ///< J_f, from left to right, mass per time
  double flux = 0;                 ///< F
  /// Bounds of the F of this grid, which is a capacity with detailed balance: what the solves leave open. Nothing
  /// without.
  std::optional<std::array<double, 2>> flux_bounds;
  double weight_from_a = 0;  ///< int pi q-
  double weight_from_b = 0;  ///< int pi (1 - q-), to its last digits however small
  /// The part of the volume that lies in pieces of the domain without a way to A or B; pi is 0 there.
  double cut_off = 0;
  [[nodiscard]] double rate_ab() const { return flux / weight_from_a; }
  [[nodiscard]] double rate_ba() const { return flux / weight_from_b; }
};

/// Of the generator of these parts, which nothing enters or leaves. Collective; throws NumericalError.
Transitions transitions(const GeneratorParts& parts, const Target& a, const Target& b);

}  // namespace otto
