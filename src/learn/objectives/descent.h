#pragma once
// Objectives of first order: a gradient and Adam (Kingma and Ba, 2015),
//
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2,
//   theta <- theta - eta_k (m / (1 - b1^k)) / (sqrt(v / (1 - b2^k)) + 1e-12),
//
// eta_k rising to `learning_rate` over twenty iterations and falling to 0 as a cosine at the last.

#include <vector>

#include "otto/learn/objective.h"

namespace otto {

class Descent : public Objective {
 public:
  explicit Descent(Training& training);

  void refresh(bool resumed) override;
  IterationReport iterate() override;
  [[nodiscard]] const std::vector<double>& gradient() const override { return g_; }
  void remember(Archive& archive) override;

 protected:
  /// What moves besides theta, after every step and before the first: the sampler.
  virtual void move_sampler() {}
  Training& training_;

 private:
  [[nodiscard]] double rate() const;
  std::vector<double> g_, m_, v_;
  std::int64_t k_ = 0;
};

/// J^T c at the cells of the training mesh. Collective.
std::vector<double> pull_back(const Training& training, std::span<const double> c);
/// sum c_i U_i. Collective.
double expectation(const Training& training, std::span<const double> c);

}  // namespace otto
