#pragma once
// The next of a sequence of fields at equal steps, foretold by the polynomial of degree q - 1 through the last q,
//
//   x_(n+1) ~ sum_j w_qj x_(n-j),   w_qj = (-1)^j binomial(q, j + 1),
//
// with the q that would have foretold the last one best.

#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

/// A field at a time.
struct TimedField {
  double time;
  const std::vector<double>* field;
};

class StepGuess {
 public:
  /// The largest q: a field is kept for each. Beyond it noise of the fields, times 2^q, outweighs what is gained.
  static constexpr std::size_t max_order = 5;
  /// Once so many are there q is chosen anew in every so-manieth step.
  static constexpr int every = 4;

  /// Keeps a reference to the communicator.
  explicit StepGuess(const Comm& comm) : comm_(comm) {}
  void clear() { last_.clear(); }
  [[nodiscard]] bool empty() const { return last_.empty() && nodes_.empty(); }
  /// Writes the guess; false, and nothing is written, without a past.
  bool next(std::span<double> out);
  /// The newest field; of the size of those before. Collective.
  void add(std::span<const double> field);
  /// The same, and leaves another vector of that size in its place.
  void take(std::vector<double>& field);
  /// The next guess is that of the polynomial through these fields, which stay until then, at time t; what is added after
  /// it is left out.
  void propose(std::vector<TimedField> nodes, double t);

 private:
  void examine(std::span<const double> field);
  void choose(std::span<const double> field);
  std::vector<double>& oldest();

  const Comm& comm_;
  std::vector<std::vector<double>> last_;  ///< newest first
  std::vector<TimedField> nodes_;          ///< proposed; empty: none
  double at_ = 0;
  std::size_t order_ = 1;
  int since_ = 0;          ///< it was chosen
  bool proposed_ = false;  ///< the last guess was
};

}  // namespace otto
