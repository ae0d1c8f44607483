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
  bool detailed_balance = false, monotone = false, limited = false;
  int order = 2;
};

/// `Formula`: FluxWeights(double), without branches the compiler cannot turn into selections: the
/// loop over faces takes several at once. `Derivative`: of the two weights in s, likewise.
template <class Formula, class Derivative>
class FormulaFlux final : public TwoPointFlux {
 public:
  FormulaFlux(FluxTraits traits, Formula formula, Derivative derivative)
      : traits_(std::move(traits)), formula_(formula), derivative_(derivative) {}

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
  void derivatives(std::span<const double> s, std::span<double> d_forward,
                   std::span<double> d_backward) const override {
    for (std::size_t f = 0; f < s.size(); ++f) {
      const FluxWeights d = derivative_(s[f]);
      d_forward[f] = d.forward;
      d_backward[f] = d.backward;
    }
  }
  bool limited() const override { return traits_.limited; }
  bool detailed_balance() const override { return traits_.detailed_balance; }
  bool monotone() const override { return traits_.monotone; }
  int order() const override { return traits_.order; }
  const std::string& name() const override { return traits_.name; }

 private:
  FluxTraits traits_;
  Formula formula_;
  Derivative derivative_;
};

template <class Formula, class Derivative>
RegisterFlux register_flux(const FluxTraits& traits, Formula formula, Derivative derivative) {
  return {std::make_unique<FormulaFlux<Formula, Derivative>>(traits, formula, derivative),
          traits.doc, traits.equation};
}

}  // namespace otto
