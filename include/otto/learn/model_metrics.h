#pragma once
// What a trained energy is worth, on a grid it was not trained on.

#include <optional>

#include "otto/learn/grid_model.h"
#include "otto/learn/training_data.h"

namespace otto {

struct ModelMetrics {
  Divergences divergences;
  double log_z = 0;
  double w2 = 0;
  std::optional<double> heldout_log_likelihood;  ///< mean of -U - log Z over held-out samples
};

/// On data.check, by the midpoint rule for p and the exact masses for q. Collective.
ModelMetrics evaluate(const TrainingData& data, const Network& network);

/// W2 between two laws given by masses on a box of equal cells. Where they overlap (total variation
/// below 0.2) by one interval of time on this very mesh: the least kinetic energy at the mean of
/// the two densities. Else by the geodesic on a mesh coarsened to at most 64 cells per axis.
/// Collective.
double law_distance(const Mesh& mesh, std::span<const double> p, std::span<const double> q);

}  // namespace otto
