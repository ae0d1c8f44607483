#pragma once
// H = J^T Omega J + L_g as a distributed sparse matrix, for preconditioners that need one: with the
// one-ring matrix A = Omega^(1/2) J the two-ring one is A^T A + L_g.

#include "assembled.h"
#include "whole_matrix.h"
#include "otto/linear/proximal_system.h"

namespace otto {

class ProximalMatrix {
 public:
  /// Collective.
  explicit ProximalMatrix(const Transport& transport)
      : mesh_(transport.mesh()), A_(mesh_), L_(mesh_) {}
  /// `rows`: the product is made of the whole of A on the first rank; null: it is shared out. Collective.
  void set(const ProximalCoefficients& c, const WholeRows* rows);
  [[nodiscard]] Mat mat() const { return H_; }  ///< null on other ranks than the first, if it is whole

 private:
  void multiply(Mat A, Mat L);

  const Mesh& mesh_;
  AssembledMatrix A_, L_;
  MatOwner product_, H_;
};

}  // namespace otto
