#pragma once
// A transport system and its transpose,
//
//   (M + c A) x = b    and    (M + c A)^T x = b,    A rho the divergence of forward rho_K - backward rho_L,
//
// assembled with its columns, or rows, over the diagonal, and solved by GMRES to a tolerance on |b|. On
// meshes of any kind, with rates of any sign of rise. For rates with detailed balance A^T = diag(1/pi) A
// diag(pi) and the transposed system is the forward one for pi x; its residual is then weighted with
// pi, which leaves x without digits where pi is small. So the transposed matrix is used as it is.
//
// Time steps of a few cells' crossing have a strong diagonal: for c (outflow) <= 2 m of every cell nothing is assembled, and
// Chebyshev's iteration takes its place (src/linear/dominant_solver.h); up to `strong` m
// an incomplete factorisation per rank takes fewer than ten iterations and costs little to set up.
// BoomerAMG serves longer steps.

#include <memory>
#include <span>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/face_rates.h"

namespace otto {

struct TransportPairOptions {
  double rtol = 1e-10;  ///< relative to b
  double strong = 20;   ///< c (outflow) / m up to which the incomplete factorisation is taken
};

class TransportPair {
 public:
  /// Keeps a reference to the mesh. Collective.
  explicit TransportPair(const Mesh& mesh, const TransportPairOptions& options = {});
  ~TransportPair();
  TransportPair(const TransportPair&) = delete;

  /// The rates from now on, which are not copied: they stay as they are until the next call. Collective.
  void set(double c, const FaceRates& rates) { set(c, rates, {}); }
  /// The same with the diagonal `omega` (owned values, >= 0) in place of M, copied: a huge one holds a cell. At least
  /// one entry is positive in every piece of the mesh.
  void set(double c, const FaceRates& rates, std::span<const double> omega);
  /// Solves take a guess in x; else what stands there does not matter.
  [[nodiscard]] bool takes_guesses() const;
  /// (M + c A) x = b; owned values. Collective. Throws NumericalError where it does not converge.
  int solve(std::span<const double> b, std::span<double> x, bool guess = false);
  /// (M + c A)^T x = b.
  int solve_transposed(std::span<const double> b, std::span<double> x, bool guess = false);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
