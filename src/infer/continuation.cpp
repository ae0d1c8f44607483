#include "otto/infer/continuation.h"

#include <algorithm>
#include <cmath>

namespace otto {

Continuation::Continuation(Objective& objective, GaussNewton& newton, const FitOptions& fit,
                           bool sampled, bool by_evidence, double alpha,
                           const ContinuationOptions& options)
    : objective_(objective),
      newton_(newton),
      fit_(fit),
      sampled_(sampled),
      by_evidence_(by_evidence && objective.has_external()),
      target_(alpha),
      start_(alpha),
      options_(options) {
  if (!by_evidence_ && objective.has_external()) start_ *= std::pow(10, options_.decades);
  newton_.set_prior(objective.has_external() ? start_ : 0);
}

NewtonRow Continuation::next() {
  const NewtonRow row = newton_.step();
  ++steps_;
  const bool last = by_evidence_ || objective_.alpha <= target_ * (1 + 1e-9);
  if (newton_.converged(fit_.tolerance) ||
      steps_ >= (last ? fit_.iterations : options_.steps_between)) {
    advance();
  }
  return row;
}

void Continuation::advance() {
  steps_ = 0;
  if (!by_evidence_) {
    done_ = objective_.alpha <= target_ * (1 + 1e-9);
    if (!done_) newton_.set_prior(std::max(target_, objective_.alpha / 10));
    return;
  }
  evidence_ = evidence(objective_, newton_, sampled_, fit_.seed);
  ++rounds_;
  const double alpha = objective_.alpha, next = std::clamp(evidence_.alpha, alpha / 10, alpha * 10);
  done_ = std::abs(std::log(next / alpha)) < options_.settled || rounds_ >= options_.max_rounds ||
          next < options_.weakest * start_;
  if (!done_) newton_.set_prior(next);
}

void Continuation::remember(Archive& a) {
  a.number("steps", steps_);
  a.number("rounds", rounds_);
  a.number("done", done_);
  a.number("start", start_);
  a.number("evidence.alpha", evidence_.alpha);
  a.number("evidence.samples", evidence_.effective_samples);
  a.number("evidence.gamma", evidence_.gamma);
}

}  // namespace otto
