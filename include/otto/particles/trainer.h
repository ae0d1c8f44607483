#pragma once
// Training an energy on samples of q, its law p ~ e^(-U) carried by particles in any dimension. In one
// iteration the particles rho take `steps` Langevin steps under the present U, then theta moves:
//
//   contrastive_divergence  L = E_q U - E_rho U
//   gradient_penalty  (N1)  L + lambda/2 E_rho |L^T grad U|^2
//   fisher            (N2)  N1 - lambda E_rho tr(L^T Hess U L)
//   proximal          (P2)  theta' = argmin E_q U - E_rho U + 1/(2 tau) E_rho |L^T grad(U - U_k)|^2, by
//                           `inner_steps` steps from theta_k; with `ula` N1's penalty is added (below)
//   wasserstein_natural     theta' = theta - (C + r) ^-1 dL/dtheta, C = Cov_rho(dU/dtheta): the natural
//                           step, of infinite tau; r falls from 1 to a floor, the lower the more particles
//   noise_contrastive       E_q softplus(-u) + nu E_g softplus(u), u = -log g - U - log Z - log nu: the
//                           data told from nu times as many draws of g (Gutmann, Hyvarinen, J. Mach.
//                           Learn. Res. 13, 2012); log Z is that of Bennett, the best one for this u
//   denoising               1/2 E |s grad U(x + s e) - e|^2, x data, e standard normal, s their noise
//                           (Vincent, Neural Comput. 23, 2011)
//
// The last two have no Langevin particles. "E_rho" is a mean with the particles' shares.
// L L^T is the covariance of the data. At rho = p and with full capacity, contrastive divergence, N2, P2
// and the natural step rest at p = q; N1 rests at
//
//   q = (1 - lambda div L L^T grad) p:   p is q blurred by sqrt(2 lambda E) L xi, E exponential, xi normal;
//
// noise contrast and denoising rest at p = q, q with the noise of its draws.
//
// `ula` of length h. Of an axis with U = a z^2/2 its law has the variance v = 1/(a (1 - a h/2)), which is never below
// 2 h (at a = 1/h): where the data have s < 2 h, contrastive divergence and P2 rest nowhere, a grows to 2/h, and the
// particles explode. N1 rests where s = v (1 - 2 lambda a):
//
//   lambda = h/4:  s = 1/a, the bias of ULA undone;     lambda > h/4:  some a < 1/(2 lambda) < 2/h for every s > 0.
//
// P2 with ULA therefore has N1's penalty, lambda = h/3: a stays below 3/(2 h), and a = 1/s - h/(6 s^2) + ...
//
// All but natural steps move by Adam with decoupled weight decay. Data are drawn without replacement: every
// row once before any comes again, so that a batch of all rows has no noise of its own. Sums over
// particles and data are taken in blocks in a fixed order: the bits do not depend on the ranks.
//
// What is kept is a running mean of theta, share a_k = max(average, (r + 1) / (k + r + 1)) of the newest: the
// weights of earlier iterations fall as (j/k)^r. r = 8 with Adam, whose start is long: the mean is over a ninth of all iterations. r = 2 with
// natural steps, which are near the end after twenty and then scatter as their particles do: the mean is over a third of all. After `iterations` of them, `cycle` more begin at a time where the last ended,
// with the rate, the means of Adam and that of theta anew: each ends in an energy of its own (Huang, Li, Pleiss, Liu,
// Hopcroft, Weinberger, ICLR 2017).

#include <memory>
#include <string>

#include "otto/core/archive.h"
#include "otto/particles/walk.h"

namespace otto {

struct ParticleTrainOptions {
  std::string objective = "contrastive_divergence";
  std::string sampler = "persistent";  ///< or "short_run": from the reference in every iteration;
                                       ///< "tempered": by replica exchange; "weighted": with shares
                                       ///< that follow theta
  std::string kernel = "mala";
  std::int64_t iterations = 2000;
  std::int64_t cycle = 0;  ///< iterations of each cycle after these; 0: there are none
  std::uint64_t seed = 1;
  std::int64_t particles = 256;  ///< over all ranks
  int steps = 4;                 ///< Langevin steps in one iteration
  double step = 0;               ///< their length h; 0: adapted to `acceptance`, for mala
  double first_step = 0.05;  ///< where the adapted length starts, in units of the data's variance
  double acceptance = 0.6;   ///< near the best of MALA in any dimension
  double friction = 2;       ///< of underdamped particles
  int replicas = 8;          ///< of each tempered particle
  std::int64_t batch = 256;  ///< data drawn in one iteration
  double penalty = 0.01;     ///< lambda
  double tau = 1;
  int inner_steps = 3;  ///< of a proximal step
  double learning_rate =
      6e-4;  ///< of Adam: largest; it rises over `warm_up` iterations, is constant
             ///< for `constant` of all, and falls to a hundredth as a cosine
  double warm_up = 50, constant = 0.3;
  double beta1 = 0.5, beta2 = 0.999;  ///< of Adam's means; a short memory suits a moving target
  double weight_decay = 0;
  double proximal_penalty = 0;  ///< lambda of P2, for particles whose steps have no test
  double average = 0.005;  ///< least share of the newest theta in the running mean, which is kept
  double memory = 8, natural_memory = 2;  ///< r of that mean
  /// r = damping^k + min(floor, noise m/N), relative to C's diagonal, of m parameters and N particles.
  double damping = 0.75, damping_floor = 0.02, damping_noise = 0.03;
  double max_natural = 1;  ///< longest natural step, sqrt(s^T C s): a KL of a half of its square
  int settling = 20;       ///< natural steps after which they shorten as 1/k: noise averages out
  double metric_average = 0.2;  ///< least share of the newest particles in C: a C of the very
                                ///< particles of g is correlated with it, a bias of order m/N
};

/// Objectives that move no particles.
inline bool without_particles(const std::string& objective) {
  return objective == "noise_contrastive" || objective == "denoising";
}

/// One iteration, for history.csv; nan where the objective has no such thing.
struct ParticleReport {
  double gap = 0;            ///< E_q U - E_rho U
  double gradient_norm = 0;  ///< of dL/dtheta
  double acceptance = 0, step = 0;
  double effective = 0;  ///< what the particles are worth over their number
  double log_z = 0;      ///< followed by weighted particles; nan where it is not known
};

class ParticleTrainer {
 public:
  /// `train`: rows on every rank, to each draw of which a normal of deviation `noise` is added.
  /// `reference`: where particles start, the hot end of ladders, the noise that is told from data. All but the options must outlive it. Collective.
  ParticleTrainer(const Comm& comm, WideNetwork& network, const Gaussian& white,
                  const Gaussian& reference, const Rows& train, double noise,
                  ParticleTrainOptions options);
  ~ParticleTrainer();

  /// Collective; throws NumericalError where the particles or theta are finite no more.
  ParticleReport iterate();
  [[nodiscard]] std::int64_t iteration() const;
  /// The running mean of theta.
  [[nodiscard]] std::vector<double> averaged() const;
  [[nodiscard]] const std::vector<double>& theta() const;
  /// Where the particles are, of all ranks. Collective.
  [[nodiscard]] Rows particles() const;
  /// Collective.
  void remember(Archive& archive);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
