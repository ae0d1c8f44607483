#pragma once
// Values between the points of a lattice. Along each axis x lies between two points x_i, x_(i+1) at
// s = (x - x_i) / (x_(i+1) - x_i), and the value is
//
//   linear   sum over the corners of prod_a (1 - s_a or s_a) V(corner)
//   cubic    sum over 4 points an axis of prod_a w_a V(point): Hermite's cubic with the slopes of
//            parabolas through three points (Catmull and Rom; of third order); linear where a point
//            of the 4 has no value
//
// Beyond the outermost centres of cells, as far as the cells reach, the linear one is carried on.

#include <array>
#include <optional>

#include "otto/core/point.h"
#include "otto/tables/lattice.h"

namespace otto {

struct LatticeRules {
  bool cubic = false;
  /// Stands for values that are missing. The lattice must have none without it.
  std::optional<double> missing = {};
  /// Outside: an error, the value of the nearest point, or `wall`.
  enum class Outside { error, nearest, wall } outside = Outside::error;
  double wall = 0;
  std::string point = "cell centre";  ///< of the error: what x is,
  std::string advice = {};            ///< and what to do
};

class LatticeTable {
 public:
  LatticeTable(Lattice lattice, int dimension, const LatticeRules& rules);
  /// Throws InputError outside the lattice unless the rules say what is there.
  [[nodiscard]] double at(const Point& x) const;

 private:
  /// Points and weights of one axis.
  struct Weights {
    std::array<std::size_t, 4> point{};
    std::array<double, 4> weight{};
    int count = 0;
  };
  [[nodiscard]] std::optional<Weights> linear_weights(double x, std::size_t a) const;
  [[nodiscard]] Weights cubic_weights(const Weights& linear, std::size_t a) const;
  [[nodiscard]] double sum(const std::array<Weights, 3>& weights) const;
  [[nodiscard]] bool is_given(const std::array<Weights, 3>& weights) const;
  [[noreturn]] void refuse(const Point& x) const;

  Lattice lattice_;
  int dimension_;
  LatticeRules rules_;
  std::vector<bool> given_;  ///< empty: all are
};

}  // namespace otto
