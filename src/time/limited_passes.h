#pragma once
// Passes over one step with a limited flux (operators/flux_limiter.h). The first freezes the limiter's
// ratios at the density the step starts from, each further one at the mean of that and of the density
// the last pass has found: (rho0 + rho1) / 2, where the ratios of the step belong. Other fluxes take
// one pass. One more than the first makes the ratios those of the middle of the step; how much that
// is worth is measured in docs/methods/limited.md.

#include <span>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

struct PassesOptions {
  int count = 2;  ///< of one step with a limited flux: a third changes errors by less than 0.5 %
};

class Passes {
 public:
  explicit Passes(Generator& generator, const PassesOptions& options = {})
      : generator_(generator), count_(generator.flux().limited() ? options.count : 1) {}

  [[nodiscard]] int count() const { return count_; }
  /// Sets the ratios of a pass. `rho1`: of the pass before; both with ghosts. Collective.
  void begin(int pass, std::span<const double> rho0, std::span<const double> rho1) const {
    if (!generator_.flux().limited()) return;
    if (pass == 0) return generator_.limit(rho0);
    std::vector<double> mean(rho0.begin(), rho0.end());
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = 0.5 * (mean[i] + rho1[i]);
    generator_.limit(mean);
  }

 private:
  Generator& generator_;
  int count_;
};

}  // namespace otto
