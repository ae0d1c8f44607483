// pinwheel: f = (1 + 0.3 z1, 0.1 z2) turned by alpha_k(f1) = 2 pi k/5 + a(f1), a = 0.25 exp(f1),
// k = 0 ... 4; times 2. As complex numbers x/2 = f exp(-i alpha); with x/2 = R exp(i A) and
// f = R exp(i t)
//
//   h(t) = t - a(R cos t) = A + 2 pi j/5     for some whole number j (class and winding together),
//   h'(t) = 1 + a'(f1) f2,                   also the Jacobian of f -> x/2, so that
//
//   rho(x) = 1/4 1/5 sum over the roots t of N(f1; 1, 0.3^2) N(f2; 0, 0.1^2) / |1 + a' f2|.
//
// h rises but for a share of 1e-9 of the mass, beyond a fold at f2 = -1/a'. Cells are integrated by
// Gauss-Legendre quadrature on pieces of about the width of the thinnest arms.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "otto/learn/toy_density.h"
#include "otto/tables/quadrature.h"

namespace otto {

namespace {

using std::numbers::pi;
constexpr double s1 = 0.3, s2 = 0.1;
constexpr double max_f2 = 0.95;  ///< 9.5 standard deviations
constexpr double max_R = 4.2;    ///< 10 standard deviations of f1
constexpr double back_R = 1.9;   ///< from here on f1 < 0 is 9 standard deviations away
constexpr double piece = 0.07;   ///< longest side of a quadrature piece
constexpr double thin_from = 3.2, thin_to = 5.8;  ///< half of it at these |x|: thin arms with mass

/// The circle |x/2| = R.
struct Circle {
  double R, A;

  [[nodiscard]] double h(double t) const { return t - 0.25 * std::exp(R * std::cos(t)); }
  [[nodiscard]] double slope(double t) const {
    return 1 + 0.25 * std::exp(R * std::cos(t)) * R * std::sin(t);
  }
  /// The t between `low` and `high`, where h - value has opposite signs: Newton kept inside by
  /// bisection.
  [[nodiscard]] double solve(double value, double low, double high, bool rising) const {
    double t = 0.5 * (low + high);
    for (int i = 0; i < 60; ++i) {
      const double off = h(t) - value;
      ((off < 0) == rising ? low : high) = t;
      double next = t - off / slope(t);
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (std::abs(next - t) < 1e-15) return next;
      t = next;
    }
    return t;
  }
  [[nodiscard]] double weight(double t) const {
    const double z1 = (R * std::cos(t) - 1) / s1, z2 = R * std::sin(t) / s2;
    return std::exp(-0.5 * (z1 * z1 + z2 * z2)) / std::abs(slope(t));
  }
  /// Sum of the weights of the roots in [low, high), where h is monotone.
  [[nodiscard]] double branch(double low, double high) const {
    constexpr double turn = 2 * pi / 5;
    const double first = (h(low) - A) / turn, last = (h(high) - A) / turn;
    const bool rising = last > first;
    double sum = 0;
    for (double j = std::ceil(std::min(first, last)); j < std::max(first, last); ++j) {
      sum += weight(solve(A + turn * j, low, high, rising));
    }
    return sum;
  }
  /// Where h' = 0 between `low` and 0; `low` where it is nowhere.
  [[nodiscard]] double fold(double low) const {
    if (slope(low) >= 0) return low;
    double high = 0;
    while (high - low > 1e-15) {
      const double middle = 0.5 * (low + high);
      if (middle == low || middle == high) break;
      (slope(middle) < 0 ? low : high) = middle;
    }
    return high;
  }
};

double density(double x, double y) {
  const Circle circle{0.5 * std::hypot(x, y), std::atan2(y, x)};
  if (circle.R > max_R) return 0;
  double sum = 0;
  if (circle.R <= max_f2) {
    sum = circle.branch(-pi, pi);
  } else {
    const double far = std::asin(max_f2 / circle.R), fold = circle.fold(-far);
    sum = circle.branch(fold, far);
    if (fold > -far) sum += circle.branch(-far, fold);
    if (circle.R < back_R) sum += circle.branch(pi - far, pi + far);
  }
  return sum / (20 * 2 * pi * s1 * s2);
}

double cell_mass(double x0, double x1, double y0, double y1) {
  const GaussRule& rule = gauss_legendre(5);
  const double r = 0.5 * std::hypot(x0 + x1, y0 + y1), reach = 0.5 * std::hypot(x1 - x0, y1 - y0);
  const double side = r + reach > thin_from && r - reach < thin_to ? 0.5 * piece : piece;
  const int nx = 1 + int((x1 - x0) / side), ny = 1 + int((y1 - y0) / side);
  const double hx = (x1 - x0) / nx, hy = (y1 - y0) / ny;
  double mass = 0;
  for (int j = 0; j < ny; ++j) {
    for (int i = 0; i < nx; ++i) {
      for (std::size_t b = 0; b < rule.node.size(); ++b) {
        for (std::size_t a = 0; a < rule.node.size(); ++a) {
          mass += rule.weight[a] * rule.weight[b] *
                  density(x0 + hx * (i + rule.node[a]), y0 + hy * (j + rule.node[b]));
        }
      }
    }
  }
  return mass * hx * hy;
}

void add_masses(const BoxBlock& block, double, std::span<double> masses) {
  const auto &x = block.box.nodes[0], &y = block.box.nodes[1];
  std::size_t cell = 0;
  for (std::int32_t j = 0; j < block.size[1]; ++j) {
    for (std::int32_t i = 0; i < block.size[0]; ++i) {
      const auto I = std::size_t(block.begin[0] + i), J = std::size_t(block.begin[1] + j);
      masses[cell++] += cell_mass(x[I], x[I + 1], y[J], y[J + 1]);
    }
  }
}

const RegisterToy registered{
    {.name = "pinwheel",
     .doc = "Five bent arms; customary box [-4.5, 4.5]^2.",
     .equation = "f = (1 + 0.3 z1, 0.1 z2); x = 2 f exp(-i (2 pi k/5 + 0.25 exp(f1)))",
     .add_masses = add_masses}};

}  // namespace

}  // namespace otto
