// Centred: diffusion, plus the drift times the mean of the two densities (classical central
// differences),
//
//   B(s) = 1 - s/2.
//
// Second order. Both weights are non-negative only while |s| <= 2 (a cell Peclet number of at most
// 2): beyond that densities may turn negative. The Gibbs state is not at rest, only to order s^3.

#include "otto/flux/two_point.h"

namespace otto {

namespace {

class Centred final : public TwoPointFlux {
 public:
  void weights(std::span<const double> s, std::span<double> forward,
               std::span<double> backward) const override {
    const std::size_t n = s.size();
#pragma omp simd
    for (std::size_t f = 0; f < n; ++f) {
      forward[f] = 1 - 0.5 * s[f];
      backward[f] = 1 + 0.5 * s[f];
    }
  }
  bool detailed_balance() const override { return false; }
  bool monotone() const override { return false; }
  const std::string& name() const override { return name_; }

 private:
  std::string name_ = "centred";
};

const RegisterFlux registered{
    std::make_unique<Centred>(),
    "Central differences: second order, positive only while V changes by at most 2 kT per cell, "
    "does not keep the Gibbs state.",
    "B(s) = 1 - s/2"};

}  // namespace

}  // namespace otto
