#pragma once
// The system of a proximal step's Newton iteration on some of the cells,
//
//   (H x)_k = b_k  and  x_k != 0  only for k in the patch,     H = J^T Omega J + L_g,
//
// by CG with the diagonal of H. Meant for patches a few cells across, where that takes a few dozen
// products; whole grids are the business of proximal_system.h.

#include <span>
#include <vector>

#include "otto/linear/proximal_system.h"

namespace otto {

class PatchSystem {
 public:
  /// Keeps a reference.
  explicit PatchSystem(const Transport& transport);

  /// `inside`: the patch, per owned cell; b and x (0 outside) owned values. Until the norm r D^-1 r
  /// has fallen to `rtol`, or `max_iterations`. Collective.
  SolveReport solve(const ProximalCoefficients& coefficients, std::span<const char> inside,
                    std::span<const double> b, std::span<double> x, double rtol,
                    int max_iterations);

 private:
  void set_diagonal(const ProximalCoefficients& c);
  void apply(const ProximalCoefficients& c, std::span<const char> inside);

  const Transport& transport_;
  const Mesh& mesh_;
  std::vector<double> direction_, image_, product_, residual_, diagonal_, own_;
};

}  // namespace otto
