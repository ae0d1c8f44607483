// Mass of an interval [l, u] under (uniform on [a, c]) convolved with N(0, s^2), Phi and phi the
// normal distribution and density, Psi' = Phi:
//
//   s / (c - a) * [ Psi((u - a)/s) - Psi((l - a)/s) - Psi((u - c)/s) + Psi((l - c)/s) ],
//   Psi(z) = z Phi(z) + phi(z);
//
// for a = c it is Phi((u - a)/s) - Phi((l - a)/s), for s = 0 the overlap of the two intervals.

#include "products.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "otto/tables/quadrature.h"

namespace otto {

namespace {

constexpr double reach = 38.6;  ///< standard deviations; beyond, e^(-z^2/2) is no double

/// Phi(v) - Phi(u), u <= v, without cancellation in the tails.
double normal_between(double u, double v) {
  const double root = std::numbers::sqrt2;
  if (u > 0) return 0.5 * (std::erfc(u / root) - std::erfc(v / root));
  if (v < 0) return 0.5 * (std::erfc(-v / root) - std::erfc(-u / root));
  return 0.5 * (std::erf(v / root) - std::erf(u / root));
}

/// Psi(z) - max(z, 0), which decays on both sides.
double bent(double z) {
  const double y = std::abs(z);
  const double phi = std::exp(-0.5 * y * y) / std::sqrt(2 * std::numbers::pi);
  return phi - y * 0.5 * std::erfc(y / std::numbers::sqrt2);
}

double overlap(double l, double u, double a, double c) {
  return std::max(0.0, std::min(u, c) - std::max(l, a));
}

/// The formula above.
double interval_mass(double l, double u, double center, double half, double s) {
  if (half == 0) return normal_between((l - center) / s, (u - center) / s);
  const double a = center - half, c = center + half;
  double mass = overlap(l, u, a, c);  // what the parts max(z, 0) of Psi add up to
  if (s > 0) {
    mass += s * (bent((u - a) / s) - bent((l - a) / s) - bent((u - c) / s) + bent((l - c) / s));
  }
  return std::max(mass, 0.0) / (c - a);
}

/// The masses of the cells first, first + 1, ... along one axis of the block that `part` reaches.
struct Strip {
  std::int32_t first = 0;
  std::vector<double> mass;
};

Strip strip_of(const BoxBlock& block, std::size_t axis, const Product& part) {
  const auto& nodes = block.box.nodes[axis];
  const double far = part.half[axis] + reach * part.s;
  const auto begin = nodes.begin() + block.begin[axis];
  const auto end = begin + block.size[axis] + 1;
  const auto low = std::upper_bound(begin, end, part.center[axis] - far);
  const auto high = std::lower_bound(begin, end, part.center[axis] + far);
  Strip strip;
  strip.first = std::max(0, std::int32_t(low - begin) - 1);
  const auto last = std::min(block.size[axis], std::int32_t(high - begin));
  for (std::int32_t i = strip.first; i < last; ++i) {
    strip.mass.push_back(
        interval_mass(begin[i], begin[i + 1], part.center[axis], part.half[axis], part.s));
  }
  return strip;
}

}  // namespace

void add_products(const BoxBlock& block, std::span<const Product> parts, std::span<double> masses) {
  for (const Product& part : parts) {
    const Strip x = strip_of(block, 0, part), y = strip_of(block, 1, part);
    for (std::size_t j = 0; j < y.mass.size(); ++j) {
      const double weight = part.weight * y.mass[j];
      double* row =
          &masses[std::size_t(x.first) + std::size_t(block.size[0]) * (std::size_t(y.first) + j)];
      for (std::size_t i = 0; i < x.mass.size(); ++i) row[i] += weight * x.mass[i];
    }
  }
}

std::vector<Product> along(const Curve& curve, const std::function<double(double)>& weight,
                           std::array<double, 2> half, double s) {
  const double length = curve.speed * (curve.end - curve.begin);
  const auto pieces = std::max(1L, std::lround(std::ceil(3 * length / s)));
  const double dt = (curve.end - curve.begin) / double(pieces);
  const GaussRule& rule = gauss_legendre(5);
  std::vector<Product> parts;
  for (long piece = 0; piece < pieces; ++piece) {
    for (std::size_t q = 0; q < rule.node.size(); ++q) {
      const double t = curve.begin + dt * (double(piece) + rule.node[q]);
      parts.push_back({rule.weight[q] * dt * weight(t), curve.point(t), half, s});
    }
  }
  return parts;
}

std::vector<Product> around(double radius, double weight, double s) {
  const auto n = std::lround(std::ceil(2 * std::numbers::pi * radius / (0.5 * s)));
  std::vector<Product> parts;
  for (long k = 0; k < n; ++k) {
    const double angle = 2 * std::numbers::pi * double(k) / double(n);
    parts.push_back(
        {weight / double(n), {radius * std::cos(angle), radius * std::sin(angle)}, {}, s});
  }
  return parts;
}

}  // namespace otto
