#pragma once
// The preconditioner of V's part of an unknown vector: that of pencil.h on the cells, Q^-1, and for V by splines, with
// y = S V the projection of tensor_splines.h,
//
//   S Q^-1 S^T.

#include "otto/infer/objective.h"
#include "otto/infer/pencil.h"

namespace otto {

class PotentialPencil {
 public:
  /// Keeps a reference. `R`: time-mean density (owned). Collective.
  PotentialPencil(const Objective& objective, std::span<const double> R,
                  const PencilOptions& options = {})
      : objective_(objective), pencil_(objective.mesh(), R, options) {}

  /// Pencil::set. Collective.
  void set(double N, double t, double kT, double alpha) { pencil_.set(N, t, kT, alpha); }

  /// The V part of `out`, from that of `r`. Collective.
  void apply(std::span<const double> r, std::span<double> out) {
    const Unknowns& u = objective_.unknowns();
    const TensorSplines* splines = objective_.splines();
    if (!splines) return pencil_.apply(u.V(r), u.V(out));
    std::vector<double> of_V(std::size_t(objective_.mesh().owned)), V(of_V.size());
    splines->lift(u.V(r), of_V);
    pencil_.apply(of_V, V);
    splines->project(V, u.V(out));
  }

 private:
  const Objective& objective_;
  Pencil pencil_;
};

}  // namespace otto
