#pragma once
// A two-point flux that is one formula, s -> (B(s), B(-s)), and what is true of it.

#include <memory>
#include <string>
#include <utility>

#include "otto/flux/two_point.h"

namespace otto {

struct FluxWeights {
  double forward = 0, backward = 0;  ///< B(s), B(-s)
};

struct FluxTraits {
  std::string name, doc, equation;
  bool detailed_balance = false, monotone = false;
  int order = 2;
};

/// `Formula`: FluxWeights(double), without branches the compiler cannot turn into selections: the
/// loop over faces takes several at once.
template <class Formula>
class FormulaFlux final : public TwoPointFlux {
 public:
  FormulaFlux(FluxTraits traits, Formula formula) : traits_(std::move(traits)), formula_(formula) {}

  void weights(std::span<const double> s, std::span<double> forward,
               std::span<double> backward) const override {
    const std::size_t n = s.size();
#pragma omp simd
    for (std::size_t f = 0; f < n; ++f) {
      const FluxWeights B = formula_(s[f]);
      forward[f] = B.forward;
      backward[f] = B.backward;
    }
  }
  bool detailed_balance() const override { return traits_.detailed_balance; }
  bool monotone() const override { return traits_.monotone; }
  int order() const override { return traits_.order; }
  const std::string& name() const override { return traits_.name; }

 private:
  FluxTraits traits_;
  Formula formula_;
};

template <class Formula>
RegisterFlux register_flux(const FluxTraits& traits, Formula formula) {
  return {std::make_unique<FormulaFlux<Formula>>(traits, formula), traits.doc, traits.equation};
}

}  // namespace otto
