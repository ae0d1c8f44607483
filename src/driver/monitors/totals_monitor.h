#pragma once
#include "../run_record.h"
#include "otto/driver/gibbs_distance.h"

namespace otto {

/// Adds up the records of the steps, and measures how far the density is from the Gibbs density
/// where that is the one at rest.
class TotalsMonitor final : public Monitor {
 public:
  explicit TotalsMonitor(const Watched& watched);
  bool after_step(const State& state, const StepRecord& record) override;
  void remember(Archive& archive);
  [[nodiscard]] bool has_gibbs() const { return gibbs_.has_value(); }

 private:
  RunRecord& record_;
  std::optional<GibbsDistance> gibbs_;
};

}  // namespace otto
