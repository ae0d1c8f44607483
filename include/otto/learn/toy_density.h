#pragma once
// The customary two-dimensional test densities of energy-based models, as exact masses of the cells
// of a box: integrals over cells, never values at points, so that a discontinuous density is exact.
// Each is one file of src/learn/data with its formula and one registration.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "otto/mesh/box.h"

namespace otto {

/// A measure of mass 1 on the plane. Never communicates.
struct ToyDensity {
  std::string name, doc, equation;
  /// masses[c] += the mass in owned cell c of the block (2-D, x fastest); `s` is the smoothing.
  std::function<void(const BoxBlock& block, double s, std::span<double> masses)> add_masses;
  double smoothing = 0;          ///< default of data.smoothing
  bool takes_smoothing = false;  ///< data.smoothing means something
  bool needs_smoothing = false;  ///< s = 0 is no density
};

/// Registers a density and declares it as a choice of `data.library`: at namespace scope.
struct RegisterToy {
  explicit RegisterToy(ToyDensity density);
};
/// All of them, by name.
const std::vector<ToyDensity>& toy_densities();
/// Throws InternalError for an unknown name (the case reader checked it).
const ToyDensity& find_toy(const std::string& name);

}  // namespace otto
