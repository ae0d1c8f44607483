#pragma once
// The mobility of [mobility],
//
//   d_t rho = div(m(rho) D grad mu),   m(rho) = rho^p (1 - rho/P),   p >= 1, P <= inf,
//
// rho itself without the table. For p = 1 and finite P it saturates: what is full takes nothing in. A
// two-point flux takes the rising factor from the cell that mass leaves and the falling one from the
// cell it goes to (Bailo, Carrillo, Hu 2020):
//
//   m_f = rho_K^p (1 - rho_L/P)   where mass goes from K to L.
//
// Nothing leaves an empty cell and nothing enters a full one.

#include <algorithm>
#include <cmath>
#include <limits>

namespace otto {

class Section;

/// m(rho) and its two factors.
struct Mobility {
  double exponent = 1;                                       ///< p
  double maximum = std::numeric_limits<double>::infinity();  ///< P

  /// m = rho: the gradient flow of the Wasserstein distance.
  [[nodiscard]] bool linear() const { return exponent == 1 && !std::isfinite(maximum); }
  /// rho^p.
  [[nodiscard]] double rising(double rho) const {
    return exponent == 1 ? rho : std::pow(rho, exponent);
  }
  /// Its derivative.
  [[nodiscard]] double rising_slope(double rho) const {
    return exponent == 1 ? 1 : exponent * std::pow(rho, exponent - 1);
  }
  /// 1 - rho/P >= 0.
  [[nodiscard]] double falling(double rho) const { return std::max(0.0, 1 - rho / maximum); }
  /// Its derivative.
  [[nodiscard]] double falling_slope() const { return -1 / maximum; }
  /// m_f.
  [[nodiscard]] double between(double from, double to) const { return rising(from) * falling(to); }
};

/// Of a [mobility] table; m = rho without one. Throws InputError.
Mobility read_mobility(const Section& section);

}  // namespace otto
