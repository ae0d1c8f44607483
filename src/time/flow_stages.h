#pragma once
// What a linear flow keeps of its steps: the densities of their stages, or those where segments of steps start, and what
// waits to be added to a gradient.

#include <deque>
#include <span>
#include <vector>

#include "step_guess.h"

namespace otto {

/// Densities of a step's stages, with ghosts; `middle` is empty with implicit Euler.
struct Stages {
  std::vector<double> middle, end;
};

/// What a step starts from: its density and the one a step before, empty in the first step of a leg.
struct Start {
  std::span<const double> rho, before;
  double ratio = 0.5;  ///< half this step over the one before
};

/// Consecutive steps of a leg, with the densities they start from.
struct Segment {
  std::size_t leg = 0, first = 0, count = 0;
  std::vector<double> start, before;
  std::vector<Stages> steps;  ///< empty: to be solved again
};

/// A segment with its stages, kept or solved again.
struct SolvedSegment {
  const Segment& kept;
  std::span<const Stages> steps;

  [[nodiscard]] Start at(std::size_t i) const {
    if (i == 0) return {kept.start, kept.before};
    return {steps[i - 1].end, i == 1 ? kept.start : steps[i - 2].end};
  }
};

/// Guesses of a sweep over consecutive steps, for each stage; `step`: the length of the last one.
struct Sweep {
  Sweep(const Comm& comm, double tolerance) : middle(comm), end(comm), rtol(tolerance) {}
  /// Before a step: they are for equal ones.
  void of_step(double dt) {
    if (dt != step) middle.clear(), end.clear();
    step = dt;
  }

  StepGuess middle, end;
  double rtol, step = 0;
};

/// What a stage adds to a gradient; with ghosts.
struct StageTerm {
  double c = 0;
  std::span<const double> rho;
  std::vector<double> mu, sum;  ///< `sum`: what rho refers to where it is one of two densities
};

/// Terms that are still to be added, in room that is used again.
class StageTerms {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const StageTerm& operator[](std::size_t i) const { return room_[i]; }
  void clear() { size_ = 0; }
  /// Room for mu. Keeps a reference to rho.
  std::vector<double>& add(double c, std::span<const double> rho) {
    if (size_ == room_.size()) room_.emplace_back();
    StageTerm& term = room_[size_++];
    term.c = c;
    term.rho = rho;
    return term.mu;
  }
  std::vector<double>& add(double c, std::span<const double> a, std::span<const double> b) {
    (void)add(c, a);
    StageTerm& term = room_[size_ - 1];
    term.sum.assign(a.begin(), a.end());
    for (std::size_t k = 0; k < b.size(); ++k) term.sum[k] += b[k];
    term.rho = term.sum;
    return term.mu;
  }

 private:
  std::deque<StageTerm> room_;  ///< references stay
  std::size_t size_ = 0;
};

}  // namespace otto
