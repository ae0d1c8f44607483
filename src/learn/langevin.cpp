#include "otto/learn/langevin.h"

#include <algorithm>
#include <cmath>

#include "otto/core/random.h"

namespace otto {

namespace {

constexpr std::size_t batch = 4096;
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

void LangevinParticles::advance(int steps, double h, const SlopeFunction& slope) {
  slope_.resize(std::min(batch, x_.size()));
  const double spread = std::sqrt(2 * h);
  // A batch goes all its steps while it is in the cache.
  for (std::size_t begin = 0; begin < x_.size(); begin += batch) {
    const auto part = std::span(x_).subspan(begin, std::min(batch, x_.size() - begin));
    for (int k = 0; k < steps; ++k) {
      slope(part, std::span(slope_).first(part.size()));
      const std::uint64_t step = steps_ + std::uint64_t(k);
      for (std::size_t i = 0; i < part.size(); ++i) {
        const std::uint64_t stream = first_ + begin + i;
        const auto plane = RandomAt(seed_, stream, 2 * step).normal();
        Point xi{plane[0], plane[1], 0};
        if (box_.dimension == 3) xi[2] = RandomAt(seed_, stream, 2 * step + 1).normal()[0];
        Point x = part[i];
        for (std::size_t a = 0; a < std::size_t(box_.dimension); ++a) {
          x[a] += spread * xi[a] - h * slope_[i][a];
        }
        part[i] = box_.fold(x);
      }
    }
  }
  steps_ += std::uint64_t(steps);
}

}  // namespace otto
