#pragma once
// V as a network: after V by cells, V^, and its strength alpha of the prior have been found, the parameters theta of
//
//   J(U_theta, w, log kT),   J of objective.h,
//
// by the method of Levenberg and Marquardt in z = (theta, w, log kT),
//
//   (D^T H D + lambda diag K) p = -D^T g,   D = (dU/dtheta, 1),   H the Fisher information of products,
//
// with conjugate gradients on products, preconditioned by K + lambda diag K; for theta
//
//   K = (N t^2 + alpha |Omega|) F^T F,   F v = (M^-1/2 A v, w M^1/2 v),   w = (pi / L)^2,
//
// M and A of weighted_laplacian.h, L the longest side: what the data see of waves that do not relax by themselves within an interval,
// with a hold for the constant. theta starts from the least |F (U_theta - V^)|^2, by the same method.

#include <Eigen/Core>
#include <memory>
#include <span>

#include "otto/core/archive.h"
#include "otto/infer/newton.h"
#include "otto/network/network.h"

namespace otto {

struct NetworkFitOptions {
  int first_steps = 100;  ///< of the start, at most
  double first_settled =
      1e-2;  ///< of its sum of squares: three steps in a row that gain less end it
  double first_damping = 1e-2;  ///< lambda
  double min_damping = 1e-8;    ///< what a K without full rank needs
  double eta = 0.1;             ///< of the CG residual, in the norm of the preconditioner
  int max_cg = 60;              ///< of one step
  int max_trials = 12;          ///< of lambda, in one step
  int refresh_every = 2;        ///< steps between refreshes of the limiter
  double max_rise = 0.1;        ///< of J by one, a part of it; else it is halved,
  int max_parts = 4;            ///< so many times
  double tolerance = 1e-3;      ///< of J
  int settled_steps = 2;        ///< in a row that lower J by less than the tolerance end it
};

class NetworkFit {
 public:
  /// `R`: time-mean density, `t`: mean interval. Keeps references; the network's parameters change. Collective.
  NetworkFit(Objective& objective, Network& network, std::span<const double> R, double t,
             const NetworkFitOptions& options = {});
  ~NetworkFit();

  [[nodiscard]] bool started() const;
  /// theta from V^ of the solution by cells, w and log kT as they are there; `solves`: linear systems solved for it. Collective.
  void start(const Objective::Vector& by_cells, long solves);
  /// One step; `row` is filled but for its number. Collective.
  void step(NewtonRow& row);
  [[nodiscard]] bool converged() const;
  /// (U_theta, w, log kT).
  [[nodiscard]] const Objective::Vector& x() const;
  /// |F (U_theta - V^)| over |F V^| where theta started.
  [[nodiscard]] double first_distance() const;
  [[nodiscard]] double misfit_by_cells() const;  ///< of that solution
  [[nodiscard]] long cg_iterations() const;
  [[nodiscard]] long solves() const;  ///< of linear systems, those before a resumption included
  /// dJ/dz, and J at z + dz; at the last of these, or of step(). Collective.
  [[nodiscard]] Eigen::VectorXd gradient();
  [[nodiscard]] double value_beside(const Eigen::VectorXd& dz);
  void remember(Archive& archive);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
