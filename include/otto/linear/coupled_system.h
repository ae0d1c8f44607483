#pragma once
// Newton's system of a proximal step in both its fields: with C = U'' and the stiffness of bounds,
// W the interaction, if there is one,
//
//   L_g x + J^T M y = r,         J x - (C + W) y = -g,
//
// for x = dphi and y = drho. Without W, y = C^-1 (J x + g) leaves H x = r - J^T M C^-1 g
// (proximal_system.h). GMRES on both fields is preconditioned by that elimination, with one cycle
// for H^-1 and with C~ in place of C,
//
//   vol/C~ = min(vol/C, 4 sum_f g_f),
//
// g being the conductances of L_g. With S = J^-T L_g J^-1, what is left is
// (1 + S C~)^-1 (1 + S (C + W)): S C~ is at most about 1/2 where C~ is not C, so C may be all but 0
// in one cell and huge in the next (crowds), which no cycle for H itself resolves; and y, the
// difference of J x and -g over C~, is not lost in the error of the cycle. Each iteration convolves
// once. Norm: vol (x^2/C~ + C~ y^2).

#include <memory>
#include <span>

#include "otto/energy/interaction.h"
#include "otto/linear/proximal_system.h"
#include "otto/operators/transport.h"

namespace otto {

class CoupledSystem {
 public:
  /// Keeps references; `interaction` may be null. `system` is the preconditioner. -ksp_rtol of the
  /// user's and options with the prefix `coupled_` apply. Collective.
  CoupledSystem(const Transport& transport, const Interaction* interaction, ProximalSystem& system);
  ~CoupledSystem();

  /// omega = vol/C. The coefficients must live until the last solve with them. Collective.
  void set(const ProximalCoefficients& coefficients);
  /// x, y from 0 to `rtol`. Owned values. Collective.
  SolveReport solve(std::span<const double> r, std::span<const double> g, std::span<double> x,
                    std::span<double> y, double rtol);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
