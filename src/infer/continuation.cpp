#include "otto/infer/continuation.h"

#include <algorithm>
#include <cmath>

namespace otto {

Continuation::Continuation(Objective& objective, GaussNewton& newton, const FitSettings& fit,
                           bool sampled, bool by_evidence, PriorStrengths alpha,
                           const ContinuationOptions& options)
    : objective_(objective),
      newton_(newton),
      fit_(fit),
      sampled_(sampled),
      by_evidence_(by_evidence && (fit.external || fit.interaction)),
      target_(alpha),
      start_(alpha),
      options_(options),
      descending_(by_evidence_ && !sampled) {
  if (!by_evidence_) {
    start_.V *= std::pow(10, options_.decades);
    start_.W *= std::pow(10, options_.decades);
  }
  newton_.set_prior(fit.external ? start_.V : 0, fit.interaction ? start_.W : 0);
}

/// The strengths asked for.
bool Continuation::reached() const {
  constexpr double rounding = 1 + 1e-9;
  return objective_.alpha <= target_.V * rounding && objective_.alpha_W <= target_.W * rounding;
}

NewtonRow Continuation::next() {
  ++steps_;
  return newton_.step();
}

bool Continuation::steps_done() const {
  const bool last = by_evidence_ ? !descending_ : reached();
  return steps_ > 0 && (newton_.converged(fit_.tolerance) ||
                        steps_ >= (last ? fit_.iterations : options_.steps_between));
}

bool Continuation::descend() {
  const double now = objective_.misfit();
  const bool gained = misfit_ == 0 || now < (1 - options_.gain) * misfit_;
  misfit_ = now;
  const bool strong = objective_.alpha > options_.weakest * start_.V ||
                      objective_.alpha_W > options_.weakest * start_.W;
  descending_ = descending_ && gained && strong;
  return descending_;
}

bool Continuation::advance(const std::function<bool()>& stop) {
  if (done_ || !(given_up_ || steps_done())) return true;
  steps_ = 0;
  const double V = objective_.alpha, W = objective_.alpha_W;
  if (descending_ && descend()) {
    newton_.set_prior(V / 10, W / 10);
    return true;
  }
  if (!by_evidence_) {
    done_ = reached();
    if (!done_) newton_.set_prior(std::max(target_.V, V / 10), std::max(target_.W, W / 10));
    return true;
  }
  const GaussNewton::Work before = newton_.work();
  const auto found = evidence(objective_, newton_, sampled_, fit_.seed, stop);
  given_up_ = !found;
  if (!found) {
    newton_.restore(before);
    return false;
  }
  evidence_ = *found;
  ++rounds_;
  const double next_V = std::clamp(evidence_.alpha, V / 10, V * 10),
               next_W = std::clamp(evidence_.alpha_W, W / 10, W * 10);
  const auto settled = [&](double next, double now) {
    return now == 0 || std::abs(std::log(next / now)) < options_.settled;
  };
  done_ = (settled(next_V, V) && settled(next_W, W)) || rounds_ >= options_.max_rounds ||
          (fit_.external && next_V < options_.weakest * start_.V);
  if (!done_) newton_.set_prior(next_V, next_W);
  return true;
}

void Continuation::remember(Archive& a) {
  a.number("steps", steps_);
  a.number("rounds", rounds_);
  a.number("done", done_);
  if (!a.loading() || a.holds("given_up"))
    a.number("given_up", given_up_);  // of an earlier version: not
  a.number("descending", descending_);
  a.number("misfit", misfit_);
  a.number("start", start_.V);
  a.number("start_W", start_.W);
  a.number("evidence.alpha", evidence_.alpha);
  a.number("evidence.alpha_W", evidence_.alpha_W);
  a.number("evidence.samples", evidence_.effective_samples);
  a.number("evidence.gamma", evidence_.gamma);
}

}  // namespace otto
