#pragma once
// One step of the parameters towards the minimum of KL(q|p_theta) for given masses q, exact in the
// Wasserstein distance up to its second order in the step (N3 of docs/learning.md):
//
//   theta' = argmin KL(q|p_theta') + W2^2(p_theta', p_theta) / (2 tau)
//          = theta - (G / tau + H)^-1 g + ...,     g = E_q dU - E_p dU,
//
// by conjugate gradients in coordinates of theta in which H is nearly the identity (kronecker.h).
// A step that would increase KL is halved, then refused. tau grows while the quadratic model
// predicts the decrease of KL well or where the flow has come to rest, and shrinks where it does
// not or where a step was halved: a gradient flow first, Gauss-Newton in the end. KL and g are
// those of the training mesh; the metric may come from a coarser one, being only a metric.

#include <memory>
#include <span>
#include <vector>

#include "otto/core/archive.h"
#include "otto/learn/metric.h"

namespace otto {

struct FitOptions {
  double tau = 1;           ///< of the first step
  double ridge = 0.1;       ///< ridge / tau on the diagonal: directions the cells hardly see
  int cg_iterations = 150;  ///< most per step
  SolverOptions solver;     ///< of the metric's Poisson equation, but for its tolerance
};

struct FitReport {
  bool accepted = false;
  double kl = 0;  ///< after the step
  double tau = 0;
  double step = 0;  ///< share of the direction taken
  int cg_iterations = 0;
  long poisson_solves = 0, poisson_iterations = 0;
  std::int64_t metric_cells = 0;
};

class Fit {
 public:
  /// Keeps references; moves the network's theta. `model`: of the training mesh. Collective.
  Fit(Network& network, GridModel& model, const FitOptions& options);

  /// One step. `model` must be up to date, and is afterwards. `q`: owned masses, sum 1; `g`: the
  /// gradient there. Collective.
  FitReport advance(std::span<const double> q, std::span<const double> g);
  /// g = J^T (q - p).
  [[nodiscard]] std::vector<double> gradient(std::span<const double> q) const;
  [[nodiscard]] double tau() const { return tau_; }
  /// The next step is as long as the first one again.
  void restart() { tau_ = options_.tau; }
  void remember(Archive& a) {
    a.number("tau", tau_);
    a.number("level", level_);
  }

 private:
  struct Direction {
    std::vector<double> s;
    double predicted = 0;  ///< decrease of KL
    int iterations = 0;
  };
  Direction solve(std::span<const double> g);
  /// Moves along s where KL falls; returns the share taken, 0 where it does not.
  double search(std::span<const double> q, const Direction& direction, double kl, double& kl_new);
  double curvature(std::size_t level, std::span<const double> s);
  void adapt(const Direction& direction, double step, double kl, double kl_new);

  Network& network_;
  GridModel& model_;
  FitOptions options_;
  double tau_;
  std::size_t level_ = 0;
  std::vector<std::unique_ptr<Mesh>> meshes_;     ///< coarse ones, coarsest first
  std::vector<std::unique_ptr<Metric>> metrics_;  ///< coarsest first, the training mesh last
};

}  // namespace otto
