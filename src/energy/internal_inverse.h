#pragma once
// The inverse of an increasing U_nu', cell by cell but in blocks: U_nu'(rho) = z.
//
// Newton's method in y = log x with x = rho, or x = rho / (P - rho) where rho < P:
//
//   y <- y - h / (dU'/dy),   h = U_nu'(rho) - z,   d rho/dy = rho or rho (1 - rho/P),
//
// in which an entropy is linear and powers and barriers are exponentials. Steps stay inside the
// bracket given by the signs of h so far, and halve it (in y) where Newton's gain too little. The
// iterate is multiplied by e^step, so that rho is found to its own last digits.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace otto {

struct InverseSlope {
  static constexpr std::size_t block = 64;
  double slope_at_zero, maximum, nu;

  /// `guess(z)` > 0 is where to start; `slopes(rho, first, second)` writes U_nu' and U_nu''.
  template <class Guess, class Slopes>
  void solve(std::span<const double> z, std::span<double> rho, Guess&& guess,
             Slopes&& slopes) const {
    const std::size_t n = z.size();
    std::array<Cell, block> cell;
    std::array<double, block> at, first, second;
    std::size_t left = 0;
    for (std::size_t i = 0; i < n; ++i) {
      cell[i].begin(z[i], *this, guess(z[i]));
      left += cell[i].done ? 0 : 1;
    }
    for (int iteration = 0; left > 0 && iteration < 500; ++iteration) {
      for (std::size_t i = 0; i < n; ++i) at[i] = density(cell[i].x);
      slopes(std::span<const double>(at).first(n), std::span(first).first(n),
             std::span(second).first(n));
      left = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (cell[i].done) continue;
        const double dy = at[i] * (bounded() ? 1 / (1 + cell[i].x) : 1.0);
        cell[i].move(first[i] - z[i], second[i] * dy);
        left += cell[i].done ? 0 : 1;
      }
    }
    for (std::size_t i = 0; i < n; ++i) rho[i] = density(cell[i].x);
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double min_x = 1e-300, max_x = 1e300;  // of x

  struct Cell {
    double x = 1, low = min_x, high = max_x;
    double last_step = infinity, reach = 2;
    bool done = false;

    void begin(double z, const InverseSlope& of, double guess) {
      if (std::isnan(z) || (of.nu == 0 && z <= of.slope_at_zero)) {
        x = std::isnan(z) ? z : 0;
        done = true;
        return;
      }
      const double start =
          of.bounded() ? guess / std::max(of.maximum - guess, guess * 1e-3) : guess;
      x = start > min_x && start < max_x ? start : 1.0;
    }

    void move(double h, double slope) {
      if (std::isnan(h)) h = -1;  // (-inf) + inf at the very bottom
      (h > 0 ? high : low) = x;
      double step = -h / slope;
      const bool at_rounding =
          std::abs(step) <= 1e-15 || (std::abs(step) <= 1e-12 && 2 * std::abs(step) >= last_step);
      if (h == 0 || at_rounding || high <= low * (1 + 2e-16)) {
        if (std::abs(step) <= 1e-12) x *= 1 + step;
        done = true;
        return;
      }
      if (x >= max_x / 2 || x <= min_x * 2) {  // beyond every density: no root inside
        if ((h < 0) == (x > 1)) {
          x = h < 0 ? infinity : 0;
          done = true;
          return;
        }
      }
      const bool bracketed = low > min_x && high < max_x;
      const bool slow = bracketed && std::abs(step) > 0.5 * last_step;
      const bool far = !bracketed && reach > 32;  // four steps and still on the same side
      if (!(std::abs(step) <= reach) || far) step = h > 0 ? -reach : reach;
      reach *= 2;
      double next = x * std::exp(step);
      if (!(next > low && next < high) || slow) {
        next = bracketed ? std::sqrt(low) * std::sqrt(high) : std::clamp(next, min_x, max_x);
      }
      last_step = std::abs(std::log(next / x));
      x = next;
    }
  };

  [[nodiscard]] bool bounded() const { return maximum < infinity; }
  [[nodiscard]] double density(double x) const {
    if (!bounded() || x == 0) return x;
    return x < 1 ? maximum * (x / (1 + x)) : maximum / (1 + 1 / x);
  }
};

}  // namespace otto
