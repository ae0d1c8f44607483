#pragma once
// Transport systems whose diagonal dominates, as those of short time steps do. With the diagonal D of
//
//   J = diag(omega) + c A,   A rho the divergence of forward rho_K - backward rho_L,
//
// J D^-1 = I - G, and the column of G that belongs to a cell K has moduli of sum s / (1 + s), s = c (outflow of K) / omega_K,
// so that the spectrum of G lies in the disc of radius
//
//   q = max_K s_K / (1 + s_K).
//
// Chebyshev's iteration for [1 - q, 1 + q] (G. Golub, R. Varga 1961),
//
//   x_(n+1) = w_(n+1) (D^-1 (b + N x_n) - x_(n-1)) + x_(n-1),   N = D - J,   w_1 = 1, w_2 = 2 / (2 - q^2),
//   w_(n+1) = 1 / (1 - q^2 w_n / 4),
//
// takes off a factor q / (1 + (1 - q^2)^1/2) in each step where rates are nearly symmetric, and at worst, since the
// coefficients of the polynomial T_n have a sum of moduli below (1 + 2^1/2)^n, 1.21 q. J^T has the same bounds. A sweep over the faces is all
// there is to a step, and no sum over ranks enters what it computes.

#include <span>
#include <vector>

#include "otto/operators/face_rates.h"
#include "otto/operators/face_runs.h"

namespace otto {

struct DominantOptions {
  double max_outflow = 2;    ///< s up to which the iteration is taken: 1.21 q is 0.8 there
  int max_iterations = 200;  ///< of one solve
};

class DominantSolver {
 public:
  /// Keeps a reference to the mesh.
  explicit DominantSolver(const Mesh& mesh, const DominantOptions& options = {});

  /// Whether the diagonal dominates, on all ranks. The rates are not copied: they stay until the next call. `omega`: owned
  /// values. Collective.
  [[nodiscard]] bool set(double c, const FaceRates& rates, std::span<const double> omega);
  enum class Way { forward, transposed };
  /// J x = b, until |b - J x| <= rtol |b|, or J^T x = b, until |D^-1 (b - J^T x)| <= rtol |D^-1 b|. x: owned values; `guess`: it
  /// holds one, else the start is 0. False where that takes too many iterations. Collective.
  [[nodiscard]] bool solve(Way way, std::span<const double> b, std::span<double> x, double rtol,
                           bool guess);
  [[nodiscard]] int iterations() const { return iterations_; }  ///< of the last solve

 private:
  void add_inflow(Way way, std::span<const double> x);

  const Mesh& mesh_;
  DominantOptions options_;
  std::vector<FaceRun> runs_;
  double c_ = 0, q_ = 0;
  const FaceRates* rates_ = nullptr;
  std::vector<double> diagonal_, now_, before_,
      inflow_;  ///< D; x_n and x_(n-1) with ghosts; N x / c
  int iterations_ = 0;
};

}  // namespace otto
