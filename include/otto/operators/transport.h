#pragma once
// Transport of a density along a potential phi on a mesh: what the discrete Wasserstein distance of
// a proximal step is made of. D phi = phi_left - phi_right across a face, a its transmissibility,
// and the density of a face is the mean
//
//   (W rho)_f = w_left rho_left + w_right rho_right,   w = (1 +- theta_f sign (D phi)_f) / 2:
//
// centred for theta = 0, upwind for theta = 1. For a step of length d
//
//   L(rho) phi   = D^T a (W rho) D phi                    mass leaving a cell per unit of d
//   G(phi)_K     = phi_K + d / (2 vol_K) sum_f a w_fK (D phi)_f^2        Hamilton-Jacobi
//   J = G'(phi)  = I + M^-1 sum_f w_fK d a (D phi)_f (D .)_f,
//
// so that  J^T M rho = M rho + d L(rho) phi  for every rho: the continuity equation is the adjoint
// of the linearised Hamilton-Jacobi equation (Cances, Gallouet, Todeschi, Numer. Math. 146, 2020).
// G is convex for every theta in [0, 1], and J an M-matrix for theta = 1.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"
#include "otto/operators/face_runs.h"

namespace otto {

class ReproducibleSum;

/// theta = coth(j/2) - 2/j, j = |log(left / right)| of the densities beside a face: about j/6 where
/// they are alike, so that the mean stays second order, and 1 where they differ by orders of magnitude
/// or one is 0.
double blended_theta(double left, double right);

/// Fields are owned + ghosts with ghosts up to date, results owned values; nothing communicates.
class Transport {
 public:
  explicit Transport(const Mesh& mesh);

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }
  [[nodiscard]] const std::vector<FaceRun>& runs() const { return runs_; }
  /// theta per face, in [0, 1]. To be asked for again by who changes it after a sweep.
  [[nodiscard]] std::vector<double>& theta() {
    weights_ = Weights::unknown;
    return theta_;
  }
  [[nodiscard]] const std::vector<double>& theta() const { return theta_; }
  /// theta = 0 everywhere on this rank: the slopes of both sides are the same.
  [[nodiscard]] bool centred() const { return weights() == Weights::centred; }
  /// theta = 1 everywhere on this rank.
  [[nodiscard]] bool upwind() const { return weights() == Weights::upwind; }

  /// G(phi).
  void hamilton_jacobi(std::span<const double> phi, double d, std::span<double> G) const;
  /// out += d L(rho) phi. `kinetic`, where given, takes the terms of this rank of
  /// <phi, L(rho) phi>, the kinetic energy.
  void leave(std::span<const double> phi, std::span<const double> rho, double d,
             std::span<double> out, ReproducibleSum* kinetic = nullptr) const;
  /// slope_left = w_left d a D phi, slope_right alike, per face: the coefficients of J. May be the
  /// same array where the weights are centred.
  void slopes(std::span<const double> phi, double d, std::span<double> slope_left,
              std::span<double> slope_right) const;
  /// d a (W rho) per face: the conductances of d L(rho).
  void conductances(std::span<const double> phi, std::span<const double> rho, double d,
                    std::span<double> g) const;

 private:
  enum class Weights { unknown, centred, upwind, mixed };
  [[nodiscard]] Weights weights() const;
  template <class Visit>
  void for_each_part(Visit&& visit) const;

  const Mesh& mesh_;
  std::vector<FaceRun> runs_;
  std::vector<double> a_;  ///< of each run; empty where a is not the same along every one
  std::vector<double> theta_;
  mutable Weights weights_ = Weights::centred;
};

/// J and its adjoint by their slopes (per face). Fields as above.
class Jacobian {
 public:
  Jacobian(const Transport& transport, std::span<const double> slope_left,
           std::span<const double> slope_right)
      : transport_(transport), left_(slope_left), right_(slope_right) {}
  /// out = J x.
  void apply(std::span<const double> x, std::span<double> out) const;
  /// out = J^T M w.
  void apply_adjoint(std::span<const double> w, std::span<double> out) const;
  /// out = J^T M w + D^T g D x, in one sweep.
  void apply_adjoint(std::span<const double> w, std::span<double> out, std::span<const double> g,
                     std::span<const double> x) const;

 private:
  const Transport& transport_;
  std::span<const double> left_, right_;
};

}  // namespace otto
