#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "otto/network/network.h"

namespace otto {

/// A network to be made. Both kinds are float64 and of one output.
///
///   mlp        z = (x - centre of the box) / half its sides        (d, in [-1, 1] inside the box)
///              h0 = [z, sin(z B), cos(z B)]                         (d + 2 k)
///              hi = silu(Wi h(i-1) + bi),  silu(y) = y / (1 + exp(-y))
///              U  = w . hL
///              B (d x k) stays as it is; W, b, w are trained. Its columns have lengths spread
///              evenly in their logarithm from `slowest` to `fastest` and directions spread evenly
///              (in 3-D drawn at random).
///   quadratic  U = 1/2 x^T A x, all d^2 entries of A trained (what is used is (A + A^T)/2).
struct NetworkDesign {
  std::string kind = "mlp";
  int dimension = 2;
  TrainingBox box;                                  ///< of the mlp's z; travels with the file
  int frequencies = 64;                             ///< k; 0: plain coordinates
  double slowest = 1, fastest = 40;                 ///< lengths of the columns of B
  std::vector<std::int64_t> widths = {32, 32, 32};  ///< of the hidden layers
  double amplitude = 0.1;                           ///< about the size of U at the start
  std::uint64_t seed = 1;           ///< the same seed gives the same network anywhere
  std::vector<double> matrix = {};  ///< A at the start, row by row; empty: the identity
};

}  // namespace otto
