#pragma once
// The rates of a limited flux (flux_limiter.h) at one V and kT for any ratios g: what they are made of is found once,
//
//   forward = f0 + e g,   dF/d rise by rho_K = f0' + e' g   for flow from K to L, s < 0, and backward alike for s > 0,
//   e = (f0 + b0) / 2 - a kT = a kT delta(s),   e' = (f0' + b0') / 2 = a delta'(s),
//
// f0, b0 Scharfetter and Gummel's rates. Ratios then cost a few multiplications of each face.

#include <span>
#include <vector>

#include "otto/operators/face_rates.h"

namespace otto {

class LimitedRates {
 public:
  /// Of the generator's V and kT; throws as face_rates does. Local.
  void set(const Generator& generator);
  /// g of the side each face's flow comes from.
  [[nodiscard]] std::vector<double> upwind(const LimiterRatios& ratios) const;
  /// For ratios of that kind; without room of their own the rates stay where they are.
  void rates(std::span<const double> g, FaceRates& rates) const;

 private:
  double kT_ = 1;
  std::vector<double> s_, excess_, slope_;  ///< s, e and e'
  FaceRates plain_;                         ///< Scharfetter and Gummel's
};

}  // namespace otto
