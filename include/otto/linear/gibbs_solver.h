#pragma once
// One implicit step of rates in detailed balance with exp(-V/kT) on a box, by CG with the V-cycle of
// linear steps: where a single solve is wanted, as for the start of a proximal step. The bits of its
// result do not depend on the ranks.

#include <span>

#include "otto/linear/shifted_solver.h"

namespace otto {

class GibbsSolver {
 public:
  /// The rates out of the left and, negative, out of the right cell of each face, times dt.
  struct Rates {
    std::span<const double> V;  ///< of local cells
    double kT = 1;
    std::span<const double> left, right;
  };

  GibbsSolver(const Mesh& mesh, SolverOptions options) : mesh_(mesh), options_(options) {}
  /// The mesh is a box, and V/kT has a range for which exp(-V/kT) can be computed. Collective.
  [[nodiscard]] bool takes(const Rates& rates) const;
  /// vol_K rho_K + sum over the faces of K of what leaves it = mass_K. Collective.
  SolveReport solve(const Rates& rates, std::span<const double> mass, std::span<double> rho) const;

 private:
  const Mesh& mesh_;
  SolverOptions options_;
};

}  // namespace otto
