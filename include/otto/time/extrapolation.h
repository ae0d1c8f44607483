#pragma once
// Starting guesses for the next solve: polynomials through the last states, of the degree that
// would have guessed the previous solve best.

#include <array>
#include <span>
#include <vector>

#include "otto/core/archive.h"
#include "otto/core/comm.h"

namespace otto {

/// Remembers the last four states with their times. Guesses exist for several kinds of solve
/// ("slots": the stages of a step), each with a degree of its own. Owned values throughout.
class Extrapolation {
 public:
  static constexpr int slots = 2;

  explicit Extrapolation(const Comm& comm) : comm_(comm) {}

  void reset();
  /// The state at time t becomes the newest.
  void push(double t, std::span<const double> rho);
  [[nodiscard]] bool empty() const { return known_ == 0; }
  /// Writes the guess for time t. Needs at least one state.
  void guess(int slot, double t, std::span<double> rho) const;
  /// Compares all degrees with what the solve found and remembers the best. Collective.
  void learn(int slot, double t, std::span<const double> rho);
  void remember(Archive& archive);

 private:
  struct Point {
    double time = 0;
    std::vector<double> rho;
  };
  static constexpr std::size_t most = 4;  // points
  using Weights = std::array<double, most>;
  /// Lagrange weights of the newest degree + 1 points at time t.
  [[nodiscard]] Weights weights(int degree, double t) const;

  Comm comm_;
  std::array<Point, most> points_;  // newest first
  int known_ = 0;
  std::array<int, slots> degree_{};
};

}  // namespace otto
