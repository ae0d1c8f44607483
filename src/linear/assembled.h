#pragma once
// Two-point operators, above all the shifted system, as a distributed sparse matrix, for meshes
// without a hierarchy, operators that are not symmetric, and preconditioners a user asks for by
// name.

#include <petscmat.h>

#include <span>
#include <vector>

#include "otto/core/petsc_check.h"
#include "otto/operators/generator.h"

namespace otto {

using MatOwner = PetscOwner<Mat, MatDestroy>;
using VecOwner = PetscOwner<Vec, VecDestroy>;

class AssembledMatrix {
 public:
  /// The pattern, from the mesh. Collective.
  explicit AssembledMatrix(const Mesh& mesh);

  [[nodiscard]] Mat mat() const { return A_; }

  /// diag(sigma omega) + c (graph Laplacian of g): `omega` per owned cell, `g` per face. Symmetric.
  void set_symmetric(double c, std::span<const double> sigma, std::span<const double> omega,
                     std::span<const double> g);
  /// (diag(vol sigma) - c M Q) D^-1 with D its diagonal, so that entries lie in [-1, 1] whatever
  /// the rates: unknowns are y = D rho. Fills `diagonal` (local cells, owned entries valid).
  void set_scaled(double c, std::span<const double> sigma, const Generator& generator,
                  std::vector<double>& diagonal);
  /// D^-1 (diag(vol sigma) - (M Q)^T without absorption), D its diagonal. Fills `diagonal` alike.
  void set_backward(std::span<const double> sigma, const Generator& generator,
                    std::vector<double>& diagonal);
  /// Entries by hand: the diagonal per owned cell; per face that of row `left`, column `right`, and
  /// the reverse.
  void set(std::span<const double> diagonal, std::span<const double> left_right,
           std::span<const double> right_left);
  /// J D^-1 with J = diag(omega) + c (e_K - e_L) (left e_K + right e_L)^T summed over the faces and
  /// D its diagonal. Fills `diagonal` likewise.
  void set_fluxes(double c, std::span<const double> omega, std::span<const double> left,
                  std::span<const double> right, std::vector<double>& diagonal);
  /// D^-1 J^T of the same J. Fills `diagonal` likewise.
  void set_transposed(double c, std::span<const double> omega, std::span<const double> left,
                      std::span<const double> right, std::vector<double>& diagonal);

 private:
  void finish();
  /// vol sigma of the owned cells; `sigma` empty: 1.
  [[nodiscard]] std::vector<double> weights(std::span<const double> sigma) const;
  /// The diagonal of the J of set_fluxes; local cells, owned entries valid.
  void sum_diagonal(double c, std::span<const double> omega, std::span<const double> left,
                    std::span<const double> right, std::vector<double>& diagonal) const;

  const Mesh& mesh_;
  MatOwner A_;
  std::vector<PetscScalar> values_;  ///< diagonals, then the entries of each face's owned rows
};

}  // namespace otto
