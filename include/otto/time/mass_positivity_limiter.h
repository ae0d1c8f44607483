#pragma once
// Restores what an iterative solve leaves to its tolerance: the mass and the sign of a density.
//
// A solve to a relative tolerance leaves the mass and, where the density has decayed, the sign to
// that tolerance; a second-order step may also undershoot by its own time error. Let m_K = vol_K
// rho_K be the masses a solve returned, P the sum of the positive and N of the negative ones, and
// m the mass of the run. Then
//
//   m_K  <-  max(m_K, 0) m / P
//
// has the mass m and no negative value. No state of mass m without negative values is nearer to
// what the solve returned in L1 when P - N = m; the distance is 2 N, and since the exact solution is
// non-negative N is at most the error the step has anyway. A step with N / m above a limit is
// refused instead. Where mass comes in or leaves, m changes by what the scheme has counted; where it does not count,
// m is what the solve returned, P + N.

#include <limits>
#include <optional>
#include <span>
#include <string>

#include "otto/core/archive.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Throws NumericalError naming the first cell (global number, centre) where `rho` is not finite.
/// Collective.
void examine_density(const Mesh& mesh, std::span<const double> rho, double time);

struct LimiterOptions {
  double max_negative = 0.01;  ///< N / m: more is no undershoot but a step that is too long
  /// |m - (P + N)| / m up to rtol times this, or the root of the number of cells if that is more: the
  /// sum of n residuals may be sqrt(n) times their 2-norm, ...
  double min_growth = 100;
  double rounding = 1e-12;  ///< ... and this, of the sums themselves
};

class MassPositivityLimiter {
 public:
  /// `rtol`: of the linear solves. A step is refused when the mass returned is off by more than
  /// the solver's tolerance can explain; where mass `leaves`, when it has grown by more.
  MassPositivityLimiter(const Mesh& mesh, double rtol, bool leaves = false,
                        const LimiterOptions& options = {});

  /// The mass to keep from now on: that of `rho`. Collective.
  void start(std::span<const double> rho);
  [[nodiscard]] double mass() const { return mass_; }
  /// -N / m of the owned values of `rho`. Collective.
  [[nodiscard]] double negative_part(std::span<const double> rho) const;
  void remember(Archive& archive) { archive.number("mass", mass_); }
  /// Restores mass and sign of the owned values of `rho`. Returns the reason where the step must
  /// be refused, else "". `gain`: what the mass has grown by, where that is counted. Throws NumericalError where a
  /// value is not finite, InternalError before `start`. Collective.
  [[nodiscard]] std::string limit(std::span<double> rho, double time,
                                  std::optional<double> gain = {});

 private:
  const Mesh& mesh_;
  LimiterOptions options_;
  bool leaves_;
  double mass_ = std::numeric_limits<double>::quiet_NaN();  ///< until `start`
  double mass_limit_;
};

}  // namespace otto
