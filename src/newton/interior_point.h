#pragma once
// Bounds 0 <= rho [<= P] by a primal-dual interior-point method. Multipliers s, q >= 0 stand beside
// the density,
//
//   g = G(phi) - U'(rho) - V + s - q = 0,      s rho = mu,      q (P - rho) = mu,      mu -> 0.
//
// Newton's increments of s and q follow from that of rho,
//
//   ds = mu/rho - s - (s/rho) drho,      dq = mu/(P - rho) - q + q/(P - rho) drho,
//
// and once they are eliminated rho is as stiff as C says:
//
//   C drho = J dphi + g + (mu/rho - s) - (mu/(P - rho) - q),     C = U'' + s/rho + q/(P - rho).
//
// s/rho is right wherever s is; the mu/rho^2 of the logarithmic barrier alone holds only next to
// its path, and no step gets there where U'' = 0. (Wright, "Primal-Dual Interior-Point Methods",
// 1997.)

#include <limits>
#include <span>
#include <vector>

namespace otto {

/// The multipliers of one iterate; owned cells. A bound that is not there has none.
struct Multipliers {
  std::vector<double> below, above;  ///< s, q
};

class InteriorPoint {
 public:
  /// `below`: rho >= 0 is a bound, U' does not see to it.
  InteriorPoint(bool below, double maximum) : below_(below), maximum_(maximum) {}

  [[nodiscard]] bool above() const { return maximum_ < std::numeric_limits<double>::infinity(); }
  [[nodiscard]] bool bounded() const { return below_ || above(); }
  [[nodiscard]] double mu() const { return mu_; }
  void set_mu(double mu) { mu_ = mu; }

  /// s = mu/rho, q = mu/(P - rho).
  void begin(std::span<const double> rho, Multipliers& m) const;
  /// Next to a bound (closer than `close`) a multiplier takes up what is left of `miss` = G - U' -
  /// V, as long as that leaves the part `keep` of it: little density hangs on it there, and
  /// whatever phi does in empty cells is right.
  void settle(std::span<const double> rho, std::span<const double> miss, double close, double keep,
              Multipliers& m) const;
  /// `g` += s - q, `stiffness` += s/rho + q/(P - rho), `push` = the terms with mu above. Returns
  /// the sum of vol (|s rho - mu| + |q (P - rho) - mu|), `total` that of vol (s rho + q (P - rho)).
  double apply(std::span<const double> volume, std::span<const double> rho, const Multipliers& m,
               std::span<double> g, std::span<double> stiffness, std::span<double> push,
               double& total) const;
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
  double mu_ = 0;
};

}  // namespace otto
