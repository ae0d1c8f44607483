#pragma once
// H = J^T Omega J + L_g with its entries, for preconditioners that need them: with the one-ring matrix
// A = Omega^(1/2) J the two-ring one is A^T A + L_g.

#include "assembled.h"
#include "face_rows.h"
#include "otto/linear/proximal_system.h"
#include "whole_matrix.h"

namespace otto {

class ProximalMatrix {
 public:
  /// Collective.
  explicit ProximalMatrix(const Transport& transport)
      : mesh_(transport.mesh()), A_(mesh_), L_(mesh_), faces_(mesh_) {}
  /// For PETSc. `rows`: the product is made of the whole of A on the first rank, and null on the others; null: it is
  /// shared out. Collective.
  Mat assemble(const ProximalCoefficients& c, const WholeRows* rows);
  /// For Otto's own methods: the same bits however the cells are shared out. Collective.
  multigrid::SparseMatrix rows(const ProximalCoefficients& c);

 private:
  void set_entries(const ProximalCoefficients& c);
  void multiply(Mat A, Mat L);

  const Mesh& mesh_;
  std::vector<double> diagonal_, left_right_, right_left_;  ///< of A, per cell and face
  std::vector<double> sums_, minus_g_;                      ///< of L
  AssembledMatrix A_, L_;
  FaceRows faces_;
  MatOwner product_, H_;
};

}  // namespace otto
