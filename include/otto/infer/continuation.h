#pragma once
// Which strength of the prior comes after which. Large ones first, since J is then nearly convex: two
// Newton steps for each decade down to the value asked for, and there until they converge. Without a
// value asked for it goes on by the evidence (posterior.h): alpha becomes what the solution says, at
// most a decade at a time, until that is within `settled` of what it was. The strength of the prior of W goes
// with that of V, by its own evidence.
//
// Densities have no noise but the misfit itself, so that a model which misses them has an evidence of its own: what a strong prior
// leaves is taken for noise, which asks for a strong prior. Their strengths go down by decades first, as
// long as one takes away the share `gain` of the misfit.

#include <functional>

#include "otto/infer/newton.h"
#include "otto/infer/posterior.h"

namespace otto {

struct ContinuationOptions {
  int decades = 2;        ///< above the value asked for
  int steps_between = 2;  ///< Newton steps at a strength that is not the last
  double settled = 0.1;   ///< change of log alpha that ends the rounds of the evidence
  int max_rounds = 12;    ///< of the evidence
  double gain =
      0.3;  ///< of the misfit: a weaker prior of densities that takes away less is not tried further
  double weakest = 1e-14;  ///< alpha over its start: below it data without any error are fitted
};

/// Of the priors of V and W.
struct PriorStrengths {
  double V = 0, W = 0;
};

class Continuation {
 public:
  /// `alpha`: the value asked for, or where the evidence starts from (`by_evidence`). Keeps references.
  Continuation(Objective& objective, GaussNewton& newton, const FitSettings& fit, bool sampled,
               bool by_evidence, PriorStrengths alpha, const ContinuationOptions& options = {});

  [[nodiscard]] bool done() const { return done_; }
  /// One Newton step. Collective.
  NewtonRow next();
  /// After it, and first where a fit is resumed: where steps at this strength are done, the next strength. False where
  /// `stop`, asked collectively between the solves of the evidence, says so: that is to be done again then. Collective.
  bool advance(const std::function<bool()>& stop);
  /// Of the last round; gamma = 0: none yet.
  [[nodiscard]] const Evidence& last_evidence() const { return evidence_; }
  void remember(Archive& archive);

 private:
  [[nodiscard]] bool steps_done() const;
  /// Densities: whether the next strength is a decade below.
  [[nodiscard]] bool descend();
  [[nodiscard]] bool reached() const;

  Objective& objective_;
  GaussNewton& newton_;
  FitSettings fit_;
  bool sampled_, by_evidence_;
  PriorStrengths target_, start_;
  ContinuationOptions options_;
  Evidence evidence_;
  int steps_ = 0, rounds_ = 0;
  bool done_ = false, descending_;
  bool given_up_ = false;  // the evidence, for a stop
  double misfit_ = 0;      // at the strength before; 0: none
};

}  // namespace otto
