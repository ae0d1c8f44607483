#pragma once
// The weighted Laplacian A = D^T a R D of a time-mean density R, a R a face's mean of both cells, and M = diag(m R). R is
// at least `floor` of its mean.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// (M^-1/2 A v, w M^1/2 v): what data see of changes v of V that do not relax by themselves, t div(R grad v), and a hold for
/// the constant.
class SlowWaves {
 public:
  /// `R`: owned values. Keeps a reference to the mesh. Collective.
  SlowWaves(const Mesh& mesh, std::span<const double> R, double floor = 1e-3);

  /// Twice as many values as owned cells. Collective.
  void apply(std::span<const double> v, double w, std::span<double> out) const;

 private:
  const Mesh& mesh_;
  std::vector<double> M_, g_;  ///< m R of the cells, a R of the faces
};

/// The solution of D^T a R D V = rhs of mean R-weighted value 0, by conjugate gradients with BoomerAMG. Owned values. Collective.
std::vector<double> solve_weighted_laplacian(const Mesh& mesh, std::span<const double> R,
                                             std::span<const double> rhs, double floor);

}  // namespace otto
