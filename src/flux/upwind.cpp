// Upwind: diffusion, plus the drift carried from the cell it comes from,
//
//   B(s) = 1 + max(-s, 0).
//
// The limit kT -> 0 of Scharfetter-Gummel. Monotone, first order; the Gibbs state is not at rest.

#include "otto/flux/two_point.h"

namespace otto {

namespace {

class Upwind final : public TwoPointFlux {
 public:
  void weights(std::span<const double> s, std::span<double> forward,
               std::span<double> backward) const override {
    const std::size_t n = s.size();
#pragma omp simd
    for (std::size_t f = 0; f < n; ++f) {
      forward[f] = s[f] < 0 ? 1 - s[f] : 1;
      backward[f] = s[f] > 0 ? 1 + s[f] : 1;
    }
  }
  bool detailed_balance() const override { return false; }
  bool monotone() const override { return true; }
  const std::string& name() const override { return name_; }

 private:
  std::string name_ = "upwind";
};

const RegisterFlux registered{std::make_unique<Upwind>(),
                              "Upwind: first order, keeps positivity, not the Gibbs state.",
                              "B(s) = 1 + max(-s, 0)"};

}  // namespace

}  // namespace otto
