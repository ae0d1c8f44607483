#pragma once
// H = J^T Omega J + L_g as a distributed sparse matrix, for preconditioners that need one: with the
// one-ring matrix A = Omega^(1/2) J the two-ring one is A^T A + L_g.

#include "assembled.h"
#include "otto/linear/proximal_system.h"

namespace otto {

class ProximalMatrix {
 public:
  /// Collective.
  explicit ProximalMatrix(const Transport& transport)
      : mesh_(transport.mesh()), A_(mesh_), L_(mesh_) {}
  /// Collective.
  void set(const ProximalCoefficients& c);
  [[nodiscard]] Mat mat() const { return H_; }

 private:
  const Mesh& mesh_;
  AssembledMatrix A_, L_;
  MatOwner product_, H_;
};

}  // namespace otto
