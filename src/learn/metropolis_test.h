#pragma once
// Metropolis' test of Langevin steps (langevin.h).

#include <span>
#include <vector>

#include "otto/learn/langevin.h"

namespace otto {

class MetropolisTest {
 public:
  /// Keeps references.
  MetropolisTest(const ParticleBox& box, double h, std::uint64_t seed, const SlopeFunction& slope,
                 const EnergyFunction& energy);

  /// Where the particles start from.
  void begin(std::span<const Point> x);
  /// grad U where the particles are.
  [[nodiscard]] std::span<const Point> slope() const { return slope_x_; }
  /// `y`: where they have stepped to, the first of them having the number `stream`; those refused
  /// are put back.
  void settle(std::span<Point> y, std::uint64_t stream, std::uint64_t step);

 private:
  /// log k(to|from), up to a constant.
  [[nodiscard]] double log_kernel(const Point& to, const Point& from, const Point& slope) const;

  const ParticleBox& box_;
  double h_;
  std::uint64_t seed_;
  const SlopeFunction& slope_;
  const EnergyFunction& energy_;
  std::vector<Point> x_, slope_x_, slope_y_;
  std::vector<double> U_x_, U_y_;
};

}  // namespace otto
