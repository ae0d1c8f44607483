#pragma once
// Starting guesses for the next solve: polynomials through the last states, of the degree that
// would have guessed the previous solve best.

#include <array>
#include <span>
#include <vector>

#include "otto/core/archive.h"
#include "otto/core/comm.h"
#include "otto/core/row_block.h"

namespace otto {

/// A guess for a time further ahead than these times the last interval is made with a lower degree:
/// long leaps amplify what the polynomial does not know.
struct ExtrapolationOptions {
  double max_leap = 2;         ///< of the degree learned; beyond it at most linear
  double max_linear_leap = 4;  ///< of a linear guess; beyond it the newest state
  /// A degree is judged by the sum of its squared misses, each earlier one times this: 0 judges by the
  /// last alone, which suits states that a solve knows everywhere equally well.
  double memory = 0;
  /// Without memory: a degree that was best so many times in a row is judged again only after so many solves.
  int settled = 3, rest = 3;
};

/// Remembers the last four states with their times. Guesses exist for several kinds of solve
/// ("slots": the stages of a step), each with a degree of its own. Owned values throughout.
class Extrapolation {
 public:
  static constexpr int slots = 2;

  /// `rows`: those of the states, where they are cells of a box.
  explicit Extrapolation(const Comm& comm, const ExtrapolationOptions& options = {},
                         const RowBlock& rows = {})
      : comm_(comm), options_(options), rows_(rows) {}

  void reset();
  /// The state at time t becomes the newest.
  void push(double t, std::span<const double> rho);
  [[nodiscard]] bool empty() const { return known_ == 0; }
  /// Writes the guess for time t. Needs at least one state.
  void guess(int slot, double t, std::span<double> rho) const;
  /// Compares all degrees with what the solve found and remembers the best; not after every solve, once it has
  /// settled. Collective.
  void learn(int slot, double t, std::span<const double> rho);
  void remember(Archive& archive);

 private:
  struct Point {
    double time = 0;
    std::vector<double> rho;
  };
  static constexpr std::size_t max_points = 4;  // of a cubic
  using Weights = std::array<double, max_points>;
  /// Lagrange weights of the newest degree + 1 points at time t.
  [[nodiscard]] Weights weights(int degree, double t) const;

  Comm comm_;
  ExtrapolationOptions options_;
  RowBlock rows_;
  std::array<Point, max_points> points_;  // newest first
  int known_ = 0;
  std::array<int, slots> degree_{};
  std::array<int, slots> same_{}, resting_{};  ///< times in a row it was best; solves it is not judged after
  std::array<std::array<double, max_points>, slots> misses_{};  ///< of every degree
};

}  // namespace otto
