#pragma once
// The preconditioner of Gauss-Newton products, from the time-mean density R, the pencil
// A = D^T a R D of its weighted Laplacian, and the transport T of the present V: T rho the divergence of its fluxes. With u the
// change of log rho within a mean interval t by an implicit step of that length,
//
//   C u = -t A dV,   C = (M + t T) R,   M = diag(m),
//
// which a short wave along the flow, and one that relaxes by itself, leave smaller than t div(R grad dV) / R,
//
//   H ~ N t^2 A C^-T M R S C^-1 A + alpha D_2^T D_2,   S = R / (R + b),
//
// b the density a likelihood's background hides. The prior's square root, second differences, is taken for R^-1 A, right where
// R changes slowly, and with (a + b)^T (a + b) in place of a^T a + b^T b, a factor 2 at most,
//
//   H ~ A C^-T B^T (M R)^-1 B C^-1 A,   B = t (N S)^1/2 M R + (alpha / R)^1/2 C,
//   H^-1 ~ A^-1 (M + t T) G^-1 M R^2 G^-T (M + t T)^T A^-1,   G = t (N S R)^1/2 M + alpha^1/2 (M + t T).
//
// Two symmetric solves, by conjugate gradients with BoomerAMG, and one with G and with its transpose, an M-matrix
// (transport_pair.h). R is at least `floor` of its mean, and A is shifted by
// a tiny multiple of M R, so that constants are bounded.

#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"
#include "otto/operators/face_rates.h"

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

  /// N, t and alpha of what follows, and the rates of T, which are moved from; N = 0 needs none. Collective.
  void set(double N, double t, double alpha, FaceRates rates = {});
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
