#include "otto/learn/langevin.h"

#include <algorithm>
#include <cmath>

#include "metropolis_test.h"
#include "otto/core/random.h"

namespace otto {

namespace {

constexpr std::uint64_t start_stream = std::uint64_t{1} << 63;  // no particle has such a number

}  // namespace

Point ParticleBox::fold(Point x) const {
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    if (x[a] >= lower[a] && x[a] <= upper[a]) continue;
    const double length = upper[a] - lower[a], lap = periodic[a] ? length : 2 * length;
    double y = std::fmod(x[a] - lower[a], lap);
    if (y < 0) y += lap;
    if (y > length) y = lap - y;  // the way back of a walled axis
    x[a] = std::clamp(lower[a] + y, lower[a], upper[a]);
  }
  return x;
}

LangevinParticles::LangevinParticles(ParticleBox box, std::vector<Point> start, std::int64_t first,
                                     std::uint64_t seed)
    : box_(box), x_(std::move(start)), first_(std::uint64_t(first)), seed_(seed) {}

LangevinParticles LangevinParticles::uniform(const ParticleBox& box, std::int64_t count,
                                             std::int64_t first, std::uint64_t seed) {
  std::vector<Point> start(std::size_t(count), Point{});
  for (std::size_t i = 0; i < start.size(); ++i) {
    const std::uint64_t number = std::uint64_t(first) + i;
    for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
      const double u = RandomAt(seed, number | start_stream, a).uniform()[0];
      start[i][a] = box.lower[a] + u * (box.upper[a] - box.lower[a]);
    }
  }
  return {box, std::move(start), first, seed};
}

Point LangevinParticles::noise(std::uint64_t stream, std::uint64_t step) const {
  const auto plane = RandomAt(seed_, stream, 2 * step).normal();
  Point xi{plane[0], plane[1], 0};
  if (box_.dimension == 3) xi[2] = RandomAt(seed_, stream, 2 * step + 1).normal()[0];
  return xi;
}

/// One step of some particles, the first of which has the number `stream`.
void LangevinParticles::walk(std::span<Point> x, std::span<const Point> slope, double h,
                             std::uint64_t stream, std::uint64_t step) const {
  const double spread = std::sqrt(2 * h);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Point xi = noise(stream + i, step);
    Point y = x[i];
    for (std::size_t a = 0; a < std::size_t(box_.dimension); ++a) {
      y[a] += spread * xi[a] - h * slope[i][a];
    }
    x[i] = box_.fold(y);
  }
}

void LangevinParticles::advance(int steps, double h, const SlopeFunction& slope,
                                const EnergyFunction& energy) {
  // A batch goes all its steps while it is in the cache.
  for (std::size_t begin = 0; begin < x_.size(); begin += batch) {
    const auto part = std::span(x_).subspan(begin, std::min(batch, x_.size() - begin));
    const std::uint64_t stream = first_ + begin;
    MetropolisTest test(box_, h, seed_, slope, energy);
    slope_.resize(part.size());
    if (energy) test.begin(part);
    for (int k = 0; k < steps; ++k) {
      const std::uint64_t step = steps_ + std::uint64_t(k);
      if (!energy) slope(part, slope_);
      walk(part, energy ? test.slope() : slope_, h, stream, step);
      if (energy) test.settle(part, stream, step);
    }
  }
  steps_ += std::uint64_t(steps);
}

}  // namespace otto
