#include "otto/tables/lattice_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/words.h"

namespace otto {

LatticeTable::LatticeTable(Lattice lattice, int dimension, const LatticeRules& rules)
    : lattice_(std::move(lattice)), dimension_(dimension), rules_(rules) {
  auto& values = lattice_.values;
  const auto finite = [](double v) { return std::isfinite(v); };
  if (std::ranges::all_of(values, finite)) return;
  given_.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    given_[i] = finite(values[i]);
    if (!given_[i] && rules_.missing) values[i] = *rules_.missing;
  }
}

void LatticeTable::refuse(const Point& x) const {
  for (std::size_t a = 0; a < std::size_t(dimension_); ++a) {
    const auto& axis = lattice_.axis[a];
    if (linear_weights(x[a], a)) continue;
    throw InputError(
        fmt::format("{}: the {} {} is outside the table, which covers {} from {} to {}{}",
                    lattice_.file.string(), rules_.point, to_text(x, dimension_), "xyz"[a],
                    axis.front(), axis.back(), rules_.advice));
  }
  throw InternalError("a point within the table was refused");
}

/// Nothing where x is outside and the rules do not take the nearest point.
std::optional<LatticeTable::Weights> LatticeTable::linear_weights(double x, std::size_t a) const {
  const auto& axis = lattice_.axis[a];
  const std::size_t last = axis.size() - 1;
  const double rounding = 1e-9 * (axis.back() - axis.front()) / double(last),
               P = lattice_.period[a];
  if (P > 0) x -= P * std::floor((x - axis.front()) / P);
  if (P > 0 && x > axis.back()) {
    const double s = (x - axis.back()) / (axis.front() + P - axis.back());
    return Weights{{last, 0}, {1 - s, s}, 2};
  }
  const double before = lattice_.cells ? (axis[1] - axis[0]) / 2 : 0;
  const double behind = lattice_.cells ? (axis[last] - axis[last - 1]) / 2 : 0;
  const bool inside = x >= axis.front() - before - rounding && x <= axis.back() + behind + rounding;
  if (!inside && rules_.outside != LatticeRules::Outside::nearest) return std::nullopt;
  const auto after = std::ranges::upper_bound(axis, x);
  const std::size_t i =
      std::min(std::size_t(std::max<std::ptrdiff_t>(after - axis.begin(), 1)) - 1, last - 1);
  double s = (x - axis[i]) / (axis[i + 1] - axis[i]);
  if (!inside || !lattice_.cells) s = std::clamp(s, 0.0, 1.0);
  return Weights{{i, i + 1}, {1 - s, s}, 2};
}

// With h = x_1 - x_0 and the slopes m_0, m_1 at both ends Hermite's cubic is
//
//   (1 + 2s)(1 - s)^2 V_0 + s^2 (3 - 2s) V_1 + h s (1 - s)^2 m_0 - h s^2 (1 - s) m_1,
//
// and the slope at x_0 of the parabola through x_-1, x_0, x_1 (p = x_0 - x_-1) is
//
//   m_0 = (h/p (V_0 - V_-1) + p/h (V_1 - V_0)) / (h + p);    at an end of the axis (V_1 - V_0)/h.
LatticeTable::Weights LatticeTable::cubic_weights(const Weights& linear, std::size_t a) const {
  const auto& axis = lattice_.axis[a];
  const std::size_t n = axis.size(), i = linear.point[0], j = linear.point[1];
  const double s = linear.weight[1], P = lattice_.period[a];
  const double h = j > i ? axis[j] - axis[i] : axis[j] + P - axis[i];
  const bool has_before = i > 0 || P > 0, has_after = j + 1 < n || P > 0;
  const std::size_t before = i > 0 ? i - 1 : has_before ? n - 1 : i;
  const std::size_t after = j + 1 < n ? j + 1 : has_after ? 0 : j;
  Weights w{{before, i, j, after}, {0, 0, 0, 0}, 4};
  w.weight[1] = (1 + 2 * s) * (1 - s) * (1 - s);
  w.weight[2] = s * s * (3 - 2 * s);
  const auto add_slope = [&](double factor, bool parabola, std::size_t far, std::size_t mid,
                             std::size_t next, double p) {  // of w: far, mid, next along the axis
    if (!parabola) {
      w.weight[mid] -= factor / h;
      w.weight[next] += factor / h;
      return;
    }
    const double outer = h / p / (h + p), inner = p / h / (h + p);
    w.weight[far] -= factor * outer;
    w.weight[mid] += factor * (outer - inner);
    w.weight[next] += factor * inner;
  };
  const double p0 = i > 0 ? axis[i] - axis[before] : axis[i] + P - axis[before];
  const double p1 = after > j ? axis[after] - axis[j] : axis[after] + P - axis[j];
  add_slope(h * s * (1 - s) * (1 - s), has_before, 0, 1, 2, p0);
  add_slope(h * s * s * (1 - s), has_after, 3, 2, 1, p1);  // mirrored: -m_1 seen from the right
  return w;
}

bool LatticeTable::is_given(const std::array<Weights, 3>& weights) const {
  if (given_.empty()) return true;
  for (int k = 0; k < weights[2].count; ++k) {
    for (int j = 0; j < weights[1].count; ++j) {
      for (int i = 0; i < weights[0].count; ++i) {
        if (!given_[lattice_.index(weights[0].point[std::size_t(i)],
                                   weights[1].point[std::size_t(j)],
                                   weights[2].point[std::size_t(k)])]) {
          return false;
        }
      }
    }
  }
  return true;
}

double LatticeTable::sum(const std::array<Weights, 3>& weights) const {
  double total = 0;
  for (std::size_t k = 0; k < std::size_t(weights[2].count); ++k) {
    for (std::size_t j = 0; j < std::size_t(weights[1].count); ++j) {
      const double w = weights[2].weight[k] * weights[1].weight[j];
      for (std::size_t i = 0; i < std::size_t(weights[0].count); ++i) {
        const double part = w * weights[0].weight[i];
        // A point without weight does not count, even where it is not finite.
        if (part == 0) continue;
        total += part * lattice_.values[lattice_.index(weights[0].point[i], weights[1].point[j],
                                                       weights[2].point[k])];
      }
    }
  }
  return total;
}

double LatticeTable::at(const Point& x) const {
  std::array<Weights, 3> weights;
  weights.fill({{0}, {1}, 1});
  for (std::size_t a = 0; a < std::size_t(dimension_); ++a) {
    const auto w = linear_weights(x[a], a);
    if (!w && rules_.outside == LatticeRules::Outside::wall) return rules_.wall;
    if (!w) refuse(x);
    weights[a] = *w;
  }
  if (rules_.cubic) {
    std::array<Weights, 3> cubic = weights;
    for (std::size_t a = 0; a < std::size_t(dimension_); ++a) {
      const double s = weights[a].weight[1];
      if (s >= 0 && s <= 1) cubic[a] = cubic_weights(weights[a], a);
    }
    if (is_given(cubic)) return sum(cubic);
  }
  return sum(weights);
}

}  // namespace otto
