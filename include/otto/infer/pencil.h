#pragma once
// The preconditioner of Gauss-Newton products, from the time-mean density R and the pencil
// A = D^T a R D, M = diag(m R) of its weighted Laplacian, Lambda = M^-1 A. A wave of V that relaxes by
// itself within a mean interval t is seen as -R dV / kT, a slow one as t div(R grad dV):
//
//   H ~ N t^2 A C^-1 M S C^-1 A + alpha D_2^T D_2,   C = M + kT t A,   S = R / (R + b),
//
// b the density a likelihood's background hides.
//
// The prior's square root, second differences, is taken for R^-1 A, right where R changes slowly, and with
// (a + b)^2 in place of a^2 + b^2, a factor 2 at most,
//
//   H ~ A C^-1 B M^-1 B C^-1 A,   B = (sqrt(N S) t R + sqrt(alpha R)) m + sqrt(alpha) kT t D^T a R^1/2 D.
//
// Four symmetric solves, by conjugate gradients with BoomerAMG. R is at least `floor` of its mean, and A is shifted by
// a tiny multiple of M, so that constants are bounded.

#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

struct PencilOptions {
  double floor = 1e-3;  ///< of the mean of R: with 1e-6 the solves lose what perturbed solves need
  double background = 0;  ///< b
  double gauge = 1e-6;    ///< of (pi / L)^2, L the longest side: moves no wave that fits in
  double rtol = 1e-7;     ///< of the four solves: what differs from rank to rank stays below
};

class Pencil {
 public:
  /// `R`: time-mean density (owned). Collective.
  Pencil(const Mesh& mesh, std::span<const double> R, const PencilOptions& options = {});
  ~Pencil();
  Pencil(const Pencil&) = delete;

  /// N, t, kT and alpha of what follows. Collective.
  void set(double N, double t, double kT, double alpha);
  /// out = Q^T P^-1 Q r, Q the projection that takes constants out: neither flow nor prior knows them. Owned
  /// values. Collective.
  void apply(std::span<const double> r, std::span<double> out);
  /// out = (M^-1/2 A v, w M^1/2 v), twice as many values as owned cells. Collective.
  void slow_waves(std::span<const double> v, double w, std::span<double> out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The solution of D^T a R D V = rhs of mean R-weighted value 0 by the same means; R is floored by
/// `floor` of its mean. Owned values. Collective.
std::vector<double> solve_weighted_laplacian(const Mesh& mesh, std::span<const double> R,
                                             std::span<const double> rhs, double floor);

}  // namespace otto
