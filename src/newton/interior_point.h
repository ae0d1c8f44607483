#pragma once
// Bounds 0 <= rho [<= P] by a primal-dual interior-point method. Multipliers s, q >= 0 stand beside
// the density,
//
//   g = G(phi) - U'(rho) - V + s - q = 0,      s rho = nu,      q (P - rho) = nu,      nu -> 0.
//
// Newton's increments of s and q follow from that of rho,
//
//   ds = nu/rho - s - (s/rho) drho,      dq = nu/(P - rho) - q + q/(P - rho) drho,
//
// and once they are eliminated rho is as stiff as C says:
//
//   C drho = J dphi + g + (nu/rho - s) - (nu/(P - rho) - q),     C = U'' + s/rho + q/(P - rho).
//
// s/rho is right wherever s is; the nu/rho^2 of the logarithmic barrier alone holds only next to
// its path, and no step gets there where U'' = 0. (Wright, "Primal-Dual Interior-Point Methods",
// 1997.)

#include <limits>
#include <span>
#include <vector>

#include "otto/core/reproducible_sum.h"

namespace otto {

/// The multipliers of one iterate; owned cells. A bound that is not there has none.
struct Multipliers {
  std::vector<double> below, above;  ///< s, q
};

class InteriorPoint {
 public:
  /// `below`: rho >= 0 has to be imposed; U'(0+) is finite.
  InteriorPoint(bool below, double maximum) : below_(below), maximum_(maximum) {}

  [[nodiscard]] bool above() const { return maximum_ < std::numeric_limits<double>::infinity(); }
  [[nodiscard]] bool bounded() const { return below_ || above(); }
  [[nodiscard]] double nu() const { return nu_; }
  void set_nu(double nu) { nu_ = nu; }

  /// s = nu/rho, q = nu/(P - rho).
  void begin(std::span<const double> rho, Multipliers& m) const;
  /// Next to a bound (closer than `close`) a multiplier takes up what is left of
  /// `miss` = G - U' - V, as long as that leaves the part `keep` of it: the density there hardly
  /// depends on it, and phi is not determined in empty cells.
  void settle(std::span<const double> rho, std::span<const double> miss, double close, double keep,
              Multipliers& m) const;
  /// `g` += s - q, `stiffness` += s/rho + q/(P - rho), `push` = the terms with nu above; `misses`
  /// += vol |s rho - nu| and vol |q (P - rho) - nu|, `total` += vol s rho and vol q (P - rho).
  void apply(std::span<const double> volume, std::span<const double> rho, const Multipliers& m,
             std::span<double> g, std::span<double> stiffness, std::span<double> push,
             ReproducibleSum& misses, ReproducibleSum& total) const;
  /// The largest step in (0, 1] along `drho` that leaves every density, distance from P and
  /// multiplier the part `keep` of itself; this rank's.
  [[nodiscard]] double reach(std::span<const double> rho, std::span<const double> drho,
                             const Multipliers& m, double keep) const;
  /// `to` = m moved by `alpha` along its increments; no multiplier falls below the part `keep`.
  void move(std::span<const double> rho, std::span<const double> drho, const Multipliers& m,
            double alpha, double keep, Multipliers& to) const;

 private:
  bool below_;
  double maximum_;
  double nu_ = 0;
};

}  // namespace otto
