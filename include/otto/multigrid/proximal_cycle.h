#pragma once
// A V-cycle for the Newton systems of proximal steps on a box block,
//
//   H = J^T Omega J + L_g,    J = I + (slopes of the potential) D,
//
// the preconditioner of their CG. The finest level is matrix-free; coarse levels are Galerkin
// products with linear interpolation (src/multigrid/collapse.h). Two Chebyshev sweeps before and
// after the coarse grid; the levels and their gathering on few cells are those of the Fokker-Planck
// hierarchy.

#include <memory>
#include <span>

#include "otto/mesh/mesh.h"

namespace otto::multigrid {

class ProximalCycle {
 public:
  virtual ~ProximalCycle() = default;
  /// Omega = vol / U'' per owned cell; slopes of J and conductances per face of the mesh
  /// (operators/transport.h). `one_slope`: left and right slopes are the same numbers over equal
  /// volumes. Collective.
  virtual void set(std::span<const double> omega, std::span<const double> slope_left,
                   std::span<const double> slope_right, std::span<const double> g,
                   bool one_slope) = 0;
  /// z = B r on owned cells, B symmetric positive definite. `scale`: the size of r. Collective.
  virtual void apply(const double* r, double scale, double* z) = 0;
};

/// For a box mesh, in single or double precision. Collective.
std::unique_ptr<ProximalCycle> make_proximal_cycle(const Mesh& mesh, bool single_precision);

}  // namespace otto::multigrid
