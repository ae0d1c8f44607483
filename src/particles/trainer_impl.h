#pragma once
// What a training keeps between iterations.

#include "batch.h"
#include "cloud.h"

namespace otto {

/// Adam with decoupled weight decay (Loshchilov, Hutter, 2019):
///
///   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
///   theta -= rate (m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + 1e-8) + decay theta).
struct Adam {
  std::vector<double> m, v;
  std::int64_t t = 0;
  void step(std::span<double> theta, std::span<const double> g, double rate,
            const ParticleTrainOptions& o);
  void remember(Archive& a) {
    a.numbers("m", m);
    a.numbers("v", v);
    a.number("t", t);
  }
};

struct ParticleTrainer::Impl {
  Impl(const Comm& comm, WideNetwork& network, const Gaussian& white, const Gaussian& reference,
       const Rows& train, double noise, ParticleTrainOptions options);

  /// E_q U - E_rho U, with its gradient in g. `draw` numbers the batch.
  double contrast(std::uint64_t draw, std::vector<double>& g) const;
  /// Adds the penalty on slopes of the objective and its gradient. `at`: L^T grad U_k of every owned
  /// block for the proximal step, empty for the gradient's own square.
  void add_penalty(double weight, const std::vector<Rows>& at, std::vector<double>& g) const;
  /// Adds -lambda E_rho tr(L^T Hess U L).
  void add_laplacian(std::vector<double>& g) const;

  double descend();     ///< one step of Adam on CD, N1 or N2; returns |g|
  double proximal();    ///< inner steps of P2
  double natural();     ///< one natural step
  double tell_apart();  ///< one step of Adam on the noise contrast
  double denoise();     ///< one step of Adam on the match of scores
  double move();        ///< what the objective asks for
  double adam_step(const std::vector<double>& g);  ///< returns |g|
  void set(const std::vector<double>& theta);
  /// Iterations since the present cycle began, and its length.
  [[nodiscard]] std::int64_t age() const;
  [[nodiscard]] std::int64_t length() const;
  [[nodiscard]] double rate() const;

  Comm comm;
  WideNetwork& network;
  const Gaussian &white, &reference;
  ParticleTrainOptions o;
  Cloud cloud;
  Batch batch;
  std::vector<double> theta, mean;
  Eigen::MatrixXd C;  ///< its running mean, empty before the first natural step
  Adam adam;
  std::int64_t iteration = 0;
  double gap = 0;
};

}  // namespace otto
