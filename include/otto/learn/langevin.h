#pragma once
// Langevin particles: the sampler whose law the grid computes.
//
//   x(k+1) = x(k) - h grad U(x(k)) + sqrt(2 h) xi(k),     xi(k) standard normal, kT = 1,
//
// Euler-Maruyama for d_t rho = div(rho grad U + grad rho), of weak order 1 in h. Walls reflect what
// has stepped across them, which keeps the order (Bossy, Gobet, Talay, "Symmetrized Euler scheme
// for an efficient approximation of reflected diffusions", 2004); periodic axes wrap around.
//
// With Metropolis' test (MALA: Roberts, Tweedie, Bernoulli 2, 1996) the step is a proposal y, taken
// with the probability
//
//   min(1, e^(U(x) - U(y)) k(x|y) / k(y|x)),     k(y|x) = sum over the images y' of y in the walls of
//                                                a normal density of mean x - h grad U(x), variance 2 h,
//
// so that exp(-U)/Z is invariant for every h and every U, however steep.
//
// Particle number g uses its own stream of random numbers, so that it goes the same way on any
// number of ranks.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "otto/core/point.h"

namespace otto {

/// Where particles live.
struct ParticleBox {
  int dimension = 1;
  Point lower{}, upper{};
  std::array<bool, 3> periodic{};

  /// Folds a point back into the box, as often as it takes.
  [[nodiscard]] Point fold(Point x) const;
};

/// slope[i] = grad U(points[i]), for many points at once.
using SlopeFunction = std::function<void(std::span<const Point> points, std::span<Point> slope)>;
/// U[i] = U(points[i]).
using EnergyFunction = std::function<void(std::span<const Point> points, std::span<double> U)>;

class LangevinParticles {
 public:
  /// Particles are worked on in batches: the first such many, the next, ...
  static constexpr std::size_t batch = 256;
  /// Particles number first, first + 1, ... at the positions of `start`.
  LangevinParticles(ParticleBox box, std::vector<Point> start, std::int64_t first,
                    std::uint64_t seed);
  /// `count` of them, uniform in the box.
  static LangevinParticles uniform(const ParticleBox& box, std::int64_t count, std::int64_t first,
                                   std::uint64_t seed);

  /// `steps` steps of length h; with an `energy` each is tested. Never communicates.
  void advance(int steps, double h, const SlopeFunction& slope, const EnergyFunction& energy = {});

  [[nodiscard]] std::span<const Point> positions() const { return x_; }
  /// Puts particle i elsewhere; its random numbers go on.
  void place(std::size_t i, const Point& x) { x_[i] = x; }
  /// Steps made so far: together with the positions all there is to resume from.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  /// xi of particle i of all (its stream) in the step.
  [[nodiscard]] Point noise(std::uint64_t stream, std::uint64_t step) const;
  void walk(std::span<Point> x, std::span<const Point> slope, double h, std::uint64_t stream,
            std::uint64_t step) const;

  ParticleBox box_;
  std::vector<Point> x_, slope_;
  std::uint64_t first_, seed_, steps_ = 0;
};

}  // namespace otto
