#pragma once
// Langevin particles in R^d, in coordinates z = L^-1 (x - m) that make their law round, under
//
//   p_b ~ g^(1-b) e^(-b U) = g e^(b f),     f = -log g - U,
//
// g an exactly normalised normal law, the reference. One step of length h is
//
//   y = z - h grad U_b(z) + sqrt(2 h) xi,     U_b = (1 - b)(-log g) + b U,   xi standard normal;
//
// `ula` takes y as it is: the law at rest is that of p_b up to O(h) only (N(0, s): variance
// s / (1 - h/2s) in each axis), and where h times the curvature is beyond 2 it explodes. `mala`
// takes y with the probability
//
//   min(1, e^(U_b(z) - U_b(y)) k(z|y) / k(y|z)),     k(y|z) normal, mean z - h grad U_b(z), variance 2h,
//
// so that p_b is invariant for every h (Roberts, Tweedie, Bernoulli 2, 1996). At b = 0 both draw
// afresh from g, an exact step. `underdamped` particles have velocities v as well, normal at rest:
//
//   v' = c v + sqrt(1 - c^2) xi,  c = e^(-friction h);    w = v' - h/2 grad U_b(z),  y = z + h w,
//   v" = w - h/2 grad U_b(y),     taken with the probability min(1, e^(H(z, v') - H(y, v"))),
//
// H = U_b + |v|^2/2, where it is not taken z stays and v' turns round (Horowitz, Phys. Lett. B 268,
// 1991): p_b is invariant for every h again, and what moves does so along straight lines for a while.
//
// Particle number n uses its own random numbers, a function of (seed, purpose, n, step).

#include <cstdint>
#include <string>

#include "otto/particles/energy.h"

namespace otto {

/// A block of particles and what is known where they are.
struct Particles {
  std::int64_t first = 0;  ///< number of the first
  Rows z;                  ///< whitened
  Vector U, U0;            ///< U and -log g
  Rows slope, slope0;      ///< of both, in z
  Rows v;                  ///< velocities, of underdamped particles alone
  [[nodiscard]] Vector f() const { return U0 - U; }
};

/// One of them is nowhere, or where none comes back from: 1e8 deviations of the data away.
[[nodiscard]] bool exploded(const Particles& p);

/// Puts particle i of `from` in the place of particle k of `to`; the numbers stay.
void copy_particle(const Particles& from, Eigen::Index i, Particles& to, Eigen::Index k);
void swap_particles(Particles& p, Eigen::Index i, Eigen::Index k);

/// What random numbers are for: streams of different purposes never meet.
enum class Purpose : std::uint64_t {
  training = 1,
  batch,
  exchange,
  forward,
  reverse_ends,
  reverse_data,
  pilot,
  resampling,
  ring,
  trace,
  noise,
  mixture,
  shuffle,
  velocity
};

struct WalkOptions {
  std::string kernel = "mala";  ///< or "ula", "underdamped"
  std::uint64_t seed = 1;
  Purpose purpose = Purpose::training;
  double friction = 2;  ///< of underdamped: 2 damps an axis of variance 1 critically, where its law
                        ///< forgets the start fastest
};

/// Standard normal numbers of a particle in a step.
void normal_numbers(std::uint64_t seed, Purpose purpose, std::int64_t particle, std::uint64_t step,
                    std::span<double> out);
/// One uniform number in (0, 1) of the same kind, independent of them.
double uniform_number(std::uint64_t seed, Purpose purpose, std::int64_t particle,
                      std::uint64_t step, int dimension);

class Walk {
 public:
  /// What is given must outlive the walk. `reference` null: only b = 1 makes sense.
  Walk(const ParticleEnergy& energy, const Gaussian& white, const Gaussian* reference,
       WalkOptions options);

  /// Particles first, first + 1, ... at whitened places; their velocities, if they have any, are
  /// those of `step` of their streams.
  [[nodiscard]] Particles place(std::int64_t first, Rows z, std::uint64_t step = 0) const;
  /// `n` of them drawn from the reference; `step` of their streams.
  [[nodiscard]] Particles draw(std::int64_t first, Eigen::Index n, std::uint64_t step) const;
  /// What is known of them anew, after the energy changed.
  void refresh(Particles& p) const;
  /// One step of every particle at its own b and h. Returns the probabilities of acceptance (1 for
  /// ula, and for mala at b = 0).
  Vector step(Particles& p, const Vector& b, const Vector& h, std::uint64_t step) const;
  [[nodiscard]] Rows positions(const Particles& p) const { return white_.points(p.z); }
  [[nodiscard]] const Gaussian& white() const { return white_; }

 private:
  [[nodiscard]] Rows propose(const Particles& p, const Vector& b, const Vector& h, const Rows& xi,
                             std::uint64_t step) const;
  /// The step of underdamped particles.
  Vector glide(Particles& p, const Vector& b, const Vector& h, const Rows& xi,
               std::uint64_t step) const;
  [[nodiscard]] Rows reference_in_z(std::int64_t first, Eigen::Index n, std::uint64_t step) const;
  const ParticleEnergy& energy_;
  const Gaussian& white_;
  const Gaussian* reference_;
  WalkOptions options_;
};

}  // namespace otto
