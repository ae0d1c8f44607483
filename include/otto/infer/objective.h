#pragma once
// What is minimised for V and log kT,
//
//   J(x) = sum_k N_k sum_K m_K phi(rho^k_K, d^k_K) + alpha/2 V.R V,
//
// phi of likelihood.h, R of thin_plate.h, rho^k the flow from the datum before (`each`) or one
// trajectory from the first snapshot. The gradient is exact for the discrete flow (linear_flow.h) with
// a limited flux's ratios frozen; products are those with Fisher's information,
//
//   H p = sum_k S_k^T diag(N_k m w) S_k p + alpha R p,    S_k = d rho^k / dx       (Gauss-Newton).
//
// An unknown is a vector: V of the owned cells if it is unknown, then log kT, the same on every rank,
// if that is.

#include <memory>
#include <span>
#include <vector>

#include "otto/infer/fit_options.h"
#include "otto/infer/snapshots.h"
#include "otto/infer/thin_plate.h"
#include "otto/operators/generator.h"
#include "otto/time/linear_flow.h"

namespace otto {

struct ObjectiveOptions {
  double rtol = 1e-10;  ///< of linear solves: gradients and products are right to about as much
};

class Objective {
 public:
  using Vector = std::vector<double>;

  /// Keeps references. The generator holds the known terms and the temperature. `steps[k]`: of interval
  /// k. Collective; throws InputError.
  Objective(Generator& generator, const Snapshots& data, const FitOptions& fit,
            const std::vector<int>& steps, const ObjectiveOptions& options = {});
  ~Objective();
  Objective(const Objective&) = delete;

  [[nodiscard]] std::size_t size() const;  ///< of an unknown on this rank
  [[nodiscard]] bool has_external() const;
  [[nodiscard]] bool has_temperature() const;
  [[nodiscard]] const Mesh& mesh() const;
  [[nodiscard]] double samples() const;  ///< sum_k N_k
  [[nodiscard]] const ThinPlate& prior() const;
  /// a.b over all ranks. Collective.
  [[nodiscard]] double dot(std::span<const double> a, std::span<const double> b) const;

  double alpha = 0;  ///< of what follows

  /// Solves the flow at x. Collective; throws NumericalError. What follows is at this x.
  double value(std::span<const double> x);
  [[nodiscard]] double misfit() const;                       ///< J without the prior
  [[nodiscard]] const std::vector<double>& misfits() const;  ///< KL of each interval, N_k = 1
  [[nodiscard]] double temperature() const;                  ///< kT
  void gradient(std::span<double> g);
  /// H p, or without the prior. Collective.
  void product(std::span<const double> p, std::span<double> out, bool with_prior = true);
  /// sum_k S_k^T sqrt(N_k m w) xi + sqrt(alpha) G^T eta, of covariance H; `scale`: of N_k.
  void perturbation(std::uint64_t seed, std::uint64_t draw, std::span<double> out);
  /// Freezes the limiter at the last value()'s flow. Collective.
  void refresh();
  [[nodiscard]] bool limited() const;
  [[nodiscard]] std::vector<std::vector<std::vector<double>>>& frozen();  ///< LinearFlow::frozen
  /// int rho dt of the model, owned cells. Collective.
  [[nodiscard]] std::vector<double> time_integral();
  /// Cells with data that the background does not hide, over all snapshots. Collective.
  [[nodiscard]] double data_cells() const;
  [[nodiscard]] long solves() const;
  /// The model's density at the end of each interval (owned).
  [[nodiscard]] const std::vector<std::vector<double>>& densities() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
