#pragma once
// Training from samples ends where held-out samples say so: of all parameters looked at, those with the largest
// held-out likelihood are kept, and training ends after `patience` looks without a better one.

#include <limits>
#include <vector>

#include "otto/core/archive.h"
#include "otto/learn/grid_model.h"
#include "otto/learn/training_data.h"

namespace otto {

/// Mean of -U(x) - log Z over the held-out samples, Z on `check`, which is up to date. Collective.
double heldout_log_likelihood(const TrainingData& data, const GridModel& check,
                              const Network& network);

class EarlyStopping {
 public:
  /// `patience`: looks without improvement until should_stop(); 0: never.
  explicit EarlyStopping(long patience) : patience_(patience) {}

  /// Keeps the network's theta where `likelihood` is the largest so far.
  void look(double likelihood, const Network& network);
  [[nodiscard]] bool should_stop() const { return patience_ > 0 && since_ >= patience_; }
  /// The last look was at the best parameters.
  [[nodiscard]] bool at_best() const { return since_ == 0; }
  [[nodiscard]] double best() const { return best_; }
  /// Puts the best parameters back.
  void restore(Network& network) const { network.set(theta_); }
  void remember(Archive& a);

 private:
  long patience_, since_ = 0;  ///< looks since the best one
  double best_ = -std::numeric_limits<double>::infinity();
  std::vector<double> theta_;
};

}  // namespace otto
