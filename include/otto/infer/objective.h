#pragma once
// What is minimised for V, the values w of W, and log kT,
//
//   J(x) = sum_k N_k sum_K m_K phi(rho^k_K, d^k_K) + alpha/2 V.R V + alpha_W/2 w.B w,
//
// phi of likelihood.h, R of bending_prior.h, B of pair_prior.h, rho^k the flow from the datum before (`each`) or one
// trajectory from the first snapshot. The gradient is exact for the discrete flow (linear_flow.h) with
// a limited flux's ratios frozen; products are those with Fisher's information,
//
//   H p = sum_k S_k^T diag(N_k m phi'') S_k p + (alpha R p, alpha_W B p),    S_k = d rho^k / dx
//
// (Gauss-Newton). Where the parts of x are: unknowns.h.

#include <memory>
#include <span>
#include <vector>

#include "otto/infer/bending_prior.h"
#include "otto/infer/fit_settings.h"
#include "otto/infer/pair_prior.h"
#include "otto/infer/snapshots.h"
#include "otto/infer/stream.h"
#include "otto/infer/tensor_splines.h"
#include "otto/infer/unknowns.h"
#include "otto/operators/generator.h"
#include "otto/time/linear_flow.h"

namespace otto {

struct ObjectiveOptions {
  double rtol = 1e-10;  ///< of linear solves: gradients and products are right to about as much
  int halvings = 3;     ///< of a leg's first step where there is an interaction
};

class Objective {
 public:
  using Vector = std::vector<double>;
  using Fields = std::vector<std::vector<double>>;  ///< of owned cells, one per interval

  /// Keeps references. The generator holds the known terms and the temperature. `steps[k]`: of interval
  /// k. Collective; throws InputError.
  Objective(Generator& generator, const Snapshots& data, const FitSettings& fit,
            const std::vector<int>& steps, const ObjectiveOptions& options = {});
  ~Objective();
  Objective(const Objective&) = delete;

  [[nodiscard]] const Unknowns& unknowns() const;
  [[nodiscard]] std::size_t size() const { return unknowns().size(); }  ///< on this rank
  [[nodiscard]] bool has_external() const;  ///< V is unknown; the same on every rank
  [[nodiscard]] bool has_temperature() const { return unknowns().temperature; }
  [[nodiscard]] bool has_interaction() const { return unknowns().pairs > 0; }
  [[nodiscard]] const Mesh& mesh() const;
  [[nodiscard]] double samples() const;     ///< sum_k N_k
  [[nodiscard]] double background() const;  ///< density of the likelihood's uniform share
  [[nodiscard]] const BendingPrior& prior() const;
  [[nodiscard]] const TensorSplines* splines() const;  ///< of V; null: by cells
  /// V of x on the owned cells, linear in x; 0 where V is known.
  [[nodiscard]] Vector potential(std::span<const double> x) const;
  /// The V part of `out` becomes the transpose of potential(). Collective.
  void pull_back_potential(std::span<const double> of_V, std::span<double> out) const;
  /// The V part of `x` becomes V, or what splines come nearest to it. Collective.
  void set_potential(std::span<const double> V, std::span<double> x) const;
  [[nodiscard]] const RadialSpline& spline() const;   ///< where W is unknown
  [[nodiscard]] const PairPrior& pair_prior() const;  ///< where W is unknown
  [[nodiscard]] const Streams* streams() const;       ///< null without
  /// V.R V + stream_factor int |Hess psi|^2, whose strength is alpha. Collective.
  [[nodiscard]] double bending(std::span<const double> x) const;
  /// a.b over all ranks. Collective.
  [[nodiscard]] double dot(std::span<const double> a, std::span<const double> b) const;
  /// The same with each of `vectors`, by one sum over the ranks. Collective.
  [[nodiscard]] std::vector<double> dots(const std::vector<Vector>& vectors,
                                         std::span<const double> b) const;

  double alpha = 0, alpha_W = 0;  ///< of what follows
  double stream_factor = 1;       ///< of alpha, for drifts

  /// Solves the flow at x. Collective; throws NumericalError. What follows is at this x.
  double value(std::span<const double> x);
  [[nodiscard]] double misfit() const;                       ///< J without the priors
  [[nodiscard]] const std::vector<double>& misfits() const;  ///< KL of each interval, N_k = 1
  [[nodiscard]] double temperature() const;                  ///< kT
  void gradient(std::span<double> g);
  /// H p, or without the priors. Collective.
  void product(std::span<const double> p, std::span<double> out, bool with_prior = true);
  /// S_k p of every interval, to first order. Collective.
  [[nodiscard]] Fields response(std::span<const double> p);
  /// The same for a change of V_L - V_K - b.(x_L - x_K), per face. Collective.
  [[nodiscard]] Fields response_to_rises(std::span<const double> rise);
  /// u.H_data u of changes u of V (owned cells), w (empty: none) and log kT, whether splines can take that of V or not.
  /// Collective.
  [[nodiscard]] double information(std::span<const double> dV, std::span<const double> dw,
                                   double dlog_kT);
  /// out = sum_k S_k^T cotangent_k; `starts`: the cotangents of the data intervals start from, empty where one
  /// goes on from the interval before. Collective.
  void pull_back(const Fields& cotangents, std::span<double> out, Fields* starts = nullptr);
  /// N_k m phi' and N_k m phi''.
  [[nodiscard]] const Fields& slopes() const;
  [[nodiscard]] const Fields& weights() const;
  /// out += (alpha R p, alpha_W B p). Collective.
  void add_priors(std::span<const double> p, std::span<double> out) const;
  /// out = sum_k S_k^T sqrt(N_k m phi'') xi, xi standard normal: of covariance H without the priors. Collective.
  void data_perturbation(std::uint64_t seed, std::uint64_t draw, std::span<double> out);
  /// out += (sqrt(alpha) G^T eta, sqrt(alpha_W) U^T eta), of the priors' covariance. Collective.
  void add_prior_perturbation(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const;
  /// Freezes the limiter at the last value()'s flow. Collective.
  void refresh();
  /// The same at x, where value() was last, or half, a quarter ... of the way from the densities frozen before to it, until the
  /// objective is at most `max_objective`: the share taken, 0 where so many parts do not do. Collective.
  double refresh_within(std::span<const double> x, double max_objective, int max_parts);
  [[nodiscard]] bool limited() const;
  [[nodiscard]] LinearFlow::Densities& frozen();  ///< LinearFlow::frozen
  /// int rho dt of the model, owned cells. Collective.
  [[nodiscard]] std::vector<double> time_integral();
  /// Of the flow at the last value()'s V, kT and drifts, W * R in its potential and nothing limited. `R`: owned. Collective.
  [[nodiscard]] FaceRates mean_rates(std::span<const double> R);
  /// Cells with data that the background does not hide, over all snapshots. Collective.
  [[nodiscard]] double data_cells() const;
  /// Of the flow's solves that follow.
  void set_rtol(double rtol);
  [[nodiscard]] double rtol() const;
  [[nodiscard]] long solves() const;
  /// The model's density at the end of each interval (owned).
  [[nodiscard]] const std::vector<std::vector<double>>& densities() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
