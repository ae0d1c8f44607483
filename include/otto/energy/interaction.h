#pragma once
// Interaction energies 1/2 int int W(x - y) rho(x) rho(y), W even.

#include <span>

namespace otto {

/// The operator rho -> W * rho on the cells of a mesh.
class Interaction {
 public:
  virtual ~Interaction() = default;
  /// out_K = (W * rho)_K = sum_L W(x_K - x_L) vol_L rho_L, owned cells; W at 0 by the kernel's own
  /// rule where it is singular. On axes with walls nothing wraps around; on periodic ones W is that
  /// of the nearest image. Collective.
  virtual void potential(std::span<const double> rho, std::span<double> out) const = 0;
};

}  // namespace otto
