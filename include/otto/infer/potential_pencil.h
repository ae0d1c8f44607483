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
      : objective_(objective), R_(R.begin(), R.end()), pencil_(objective.mesh(), R, options) {}

  /// Of the data over a mean interval t and the prior, at the objective's last value(). Collective.
  void set(Objective& objective, double t) {
    pencil_.set(objective.samples(), t, objective.alpha, objective.mean_rates(R_));
  }
  /// Of the prior alone. Collective.
  void set_prior(double alpha) { pencil_.set_prior(alpha); }

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
  std::vector<double> R_;
  Pencil pencil_;
};

}  // namespace otto
