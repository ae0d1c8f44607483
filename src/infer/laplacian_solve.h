#pragma once
// What Laplacians weighted with a density have in common: floors, means on faces and solves.

#include <span>
#include <vector>

#include "../linear/assembled.h"
#include "../linear/krylov.h"

namespace otto {

/// (diag(omega) + graph Laplacian of g) x = b by conjugate gradients with BoomerAMG.
class LaplacianSolve {
 public:
  LaplacianSolve(const Mesh& mesh, double rtol);

  /// `omega` per owned cell, `g` per face. Collective.
  void set(std::span<const double> omega, std::span<const double> g);
  /// Owned values. Collective; throws NumericalError.
  void operator()(std::span<const double> b, std::span<double> x);

 private:
  AssembledMatrix matrix_;
  KrylovSolver solver_;
};

/// R on the owned cells and their ghosts, at least `floor` of its mean. Collective.
std::vector<double> floored(const Mesh& mesh, std::span<const double> R, double floor);
/// a R per face, the mean of both cells. `R`: owned + ghosts.
std::vector<double> conductances(const Mesh& mesh, std::span<const double> R);
/// v with ghosts. Collective.
std::vector<double> ghosted(const Mesh& mesh, std::span<const double> v);

}  // namespace otto
