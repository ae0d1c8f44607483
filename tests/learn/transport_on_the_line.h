#pragma once
// Laws on the line as masses of cells: relative entropies, W2 by quantiles, orders by regression.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "otto/energy/free_energy.h"
#include "training.h"

namespace otto::test {

inline double normal(double x, double mean, double deviation) {
  return std::exp(-0.5 * std::pow((x - mean) / deviation, 2));
}

inline double double_well(double x) { return x * x * x * x / 8 - x * x / 2 + 0.2 * x; }
inline double double_well_slope(double x) { return x * x * x / 2 - x + 0.2; }

/// sum m log(m/p) over the cells of one rank.
inline double relative_entropy(const std::vector<double>& m, const std::vector<double>& p) {
  double sum = 0;
  for (std::size_t i = 0; i < m.size(); ++i) {
    if (m[i] > 0) sum += m[i] * std::log(m[i] / p[i]);
  }
  return sum;
}

/// W2^2 of two laws, constant in the cells of a line: the integral of the squared difference of
/// their quantiles, linear between the masses summed up. One rank.
inline double squared_distance(const Mesh& mesh, const std::vector<double>& a,
                               const std::vector<double>& b) {
  const auto& edges = mesh.box->box.nodes[0];
  struct Law {
    const std::vector<double>& m;
    std::size_t i = 0;
    double below = 0;  ///< mass of the cells before i
    void skip() {
      while (i < m.size() && m[i] <= 0) ++i;
    }
  };
  Law first{a}, second{b};
  const auto at = [&](const Law& law, double p) {
    const double share = std::clamp((p - law.below) / law.m[law.i], 0.0, 1.0);
    return edges[law.i] + share * (edges[law.i + 1] - edges[law.i]);
  };
  double sum = 0, p = 0;
  first.skip();
  second.skip();
  while (first.i < a.size() && second.i < b.size()) {
    const double ends[] = {first.below + a[first.i], second.below + b[second.i]};
    const double next = std::min(ends[0], ends[1]);
    const double d0 = at(first, p) - at(second, p), d1 = at(first, next) - at(second, next);
    sum += (next - p) * (d0 * d0 + d0 * d1 + d1 * d1) / 3;
    p = next;
    for (int k = 0; k < 2; ++k) {
      Law& law = k == 0 ? first : second;
      if (ends[k] > next) continue;
      law.below = ends[k];
      ++law.i;
      law.skip();
    }
  }
  return sum;
}

/// The slope of log|y| against log x.
inline double order_of(const std::vector<double>& x, const std::vector<double>& y) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = std::log(x[i]), v = std::log(std::abs(y[i]));
    sx += u;
    sy += v;
    sxx += u * u;
    sxy += u * v;
  }
  const double n = double(x.size());
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

/// An entropy of temperature kT and given values of V at the owned cells.
inline FreeEnergy energy_of(std::vector<double> V, double kT = 1) {
  class Values final : public ExternalEnergy {
   public:
    explicit Values(std::vector<double> v) : v_(std::move(v)) {}
    void evaluate(std::span<const Point>, double, std::span<double> out) const override {
      std::copy_n(v_.begin(), out.size(), out.begin());
    }

   private:
    std::vector<double> v_;
  };
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  terms.push_back(std::make_unique<Values>(std::move(V)));
  return {kT, std::move(terms)};
}

}  // namespace otto::test
