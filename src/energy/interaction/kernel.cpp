// The average over a cell of kernels that are not smooth at r = 0, w(r) = r^p / p or log r:
//
//   (W * rho)(x_K) = sum_L rho_L int_L W(x_K - y) dy + O(h^2),
//
// where midpoint values would leave an error of order h^(d+p) from the cells nearby. A cell that
// does not hold r = 0 takes a product Gauss rule, of more points the nearer it is. The cell that
// holds r = 0 is cut into pyramids with their tops there, over each of which the integral along the
// rays is exact:
//
//   (1/|C|) int_C w = 1/d sum_a (average over the face y_a = h_a/2 of m(R)),   R = |y|,
//   m(R) = d int_0^1 s^(d-1) w(s R) ds = R^p / p * d/(d + p),   or log R - 1/d.

#include "kernel.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <numbers>

#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/network/network_use.h"

namespace otto {

namespace {

constexpr std::size_t face_points = 32;

struct Rule {
  std::vector<double> node, weight;  ///< on [-1/2, 1/2], weights sum to 1
};

/// Gauss-Legendre of n points: roots of P_n by Newton's method from Chebyshev's.
Rule make_rule(std::size_t n) {
  Rule rule;
  for (std::size_t i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (double(i) + 0.75) / (double(n) + 0.5)), slope = 1;
    for (int iteration = 0; iteration < 20; ++iteration) {
      double p = x, before = 1;
      for (std::size_t k = 2; k <= n; ++k) {
        const double next = (double(2 * k - 1) * x * p - double(k - 1) * before) / double(k);
        before = p;
        p = next;
      }
      if (n == 1) before = 1;
      slope = double(n) * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    rule.node.push_back(0.5 * x);
    rule.weight.push_back(1 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

const Rule& rule_of(std::size_t n) {
  static std::map<std::size_t, Rule> rules;
  auto found = rules.find(n);
  if (found == rules.end()) found = rules.emplace(n, make_rule(n)).first;
  return found->second;
}

double power(double r, double p) {
  if (p == 0) return std::log(r);
  if (p == 2) return 0.5 * r * r;
  return std::pow(r, p) / p;
}

/// Average of f(|x + y|) over |y_a| <= side_a/2, n points along each axis with a side.
template <class F>
double average(const Point& x, const Point& side, std::size_t n, F&& f) {
  const Rule& rule = rule_of(n);
  const auto points = [&](std::size_t a) { return side[a] > 0 ? n : std::size_t{1}; };
  const auto square = [&](std::size_t a, std::size_t i) {
    const double at = side[a] > 0 ? x[a] + side[a] * rule.node[i] : x[a];
    return at * at;
  };
  const auto weight = [&](std::size_t a, std::size_t i) {
    return side[a] > 0 ? rule.weight[i] : 1;
  };
  double sum = 0;
  for (std::size_t k = 0; k < points(2); ++k) {
    for (std::size_t j = 0; j < points(1); ++j) {
      const double rest = square(2, k) + square(1, j), w = weight(2, k) * weight(1, j);
      for (std::size_t i = 0; i < points(0); ++i) {
        sum += w * weight(0, i) * f(std::sqrt(rest + square(0, i)));
      }
    }
  }
  return sum;
}

double average_at_zero(const Point& h, int d, double p) {
  const double inward = double(d) / (d + p);
  double sum = 0;
  for (std::size_t a = 0; a < std::size_t(d); ++a) {
    Point face{}, side = h;
    face[a] = 0.5 * h[a];
    side[a] = 0;
    sum += average(face, side, face_points,
                   [&](double R) { return p == 0 ? std::log(R) - 1.0 / d : inward * power(R, p); });
  }
  return sum / d;
}

/// Points per axis for a cell whose nearest point is `q` of its longest side away from r = 0.
std::size_t points_at(double q) { return q < 0.4 ? 64 : q < 2 ? 16 : q < 8 ? 6 : q < 32 ? 4 : 3; }

double average_of_power(const Point& x, const Point& h, int d, double p) {
  double gap = 0, longest = 0;
  Point side{};
  for (std::size_t a = 0; a < std::size_t(d); ++a) {
    const double beyond = std::max(std::abs(x[a]) - 0.5 * h[a], 0.0);
    gap += beyond * beyond;
    longest = std::max(longest, h[a]);
    side[a] = h[a];
  }
  if (gap == 0) return average_at_zero(side, d, p);
  return average(x, side, points_at(std::sqrt(gap) / longest),
                 [p](double r) { return power(r, p); });
}

}  // namespace

double Kernel::at(double r) const {
  double sum = smooth ? smooth(r) : 0;
  for (const auto& [factor, p] : powers) sum += factor * power(r, p);
  return sum;
}

double Kernel::between_cells(const Point& x, const Point& h, int dimension) const {
  const double r = std::sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
  double sum = smooth ? smooth(r) : 0;
  for (const auto& [factor, p] : powers) {
    sum += factor * (p >= 2 ? power(r, p) : average_of_power(x, h, dimension, p));
  }
  return sum;
}

void Kernel::add_network(std::span<const Point> points, std::span<double> values) const {
  if (!network) return;
  std::vector<Point> there(points.begin(), points.end());
  std::vector<double> U(points.size());
  for (const int sign : {1, -1}) {
    for (std::size_t i = 0; i < there.size(); ++i) {
      for (std::size_t a = 0; a < 3; ++a) there[i][a] = sign * points[i][a];
    }
    network->evaluate(there, U);
    for (std::size_t i = 0; i < there.size(); ++i) {
      if (!std::isfinite(U[i])) {
        throw InputError(fmt::format(
            "{}: W is {} at x - y = {}; it must be finite for every two "
            "cells",
            network->file().string(), U[i], to_text(there[i], network->network().dimension())));
      }
      values[i] += 0.5 * network_factor * U[i];
    }
  }
}

}  // namespace otto
