// mass  m = sum vol rho,  mean  sum vol rho x / m,  square  sum vol rho |x|^2 / m,
// l2 = sqrt(sum vol rho^2),  mark = sum vol rho w,  w = the fractional part of (g + 1) times the
// golden ratio, g the global cell number.

#include "otto/driver/fingerprint.h"

#include <fmt/format.h>

#include <cmath>

#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

/// x to 10 digits of `scale`: a mean of 1e-17 in a box of size 1 is 0.
std::string digits(double x, double scale) {
  if (!std::isfinite(x)) return fmt::format("{}", x);
  if (scale > 0 && std::isfinite(scale)) {
    const double unit = std::pow(10.0, std::floor(std::log10(scale)) - 9);
    x = std::round(x / unit) * unit;
  }
  return fmt::format("{:.9e}", x == 0 ? 0.0 : x);
}

}  // namespace

std::string fingerprint(const Mesh& mesh, std::span<const double> density) {
  constexpr double golden = 0.6180339887498949;
  std::array<ReproducibleSum, 7> sums;  // mass, 3 means, square, l2, mark
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const double m = mesh.volume[i] * density[i];
    const Point& x = mesh.center[i];
    const double turn = static_cast<double>(mesh.global[i] + 1) * golden;
    sums[0] += m;
    for (std::size_t a = 0; a < 3; ++a) sums[1 + a] += m * x[a];
    sums[4] += m * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    sums[5] += m * density[i];
    sums[6] += m * (turn - std::floor(turn));
  }
  const std::vector<double> s = sums_of_all(mesh.comm, sums);
  const double mass = s[0], square = s[4] / mass, reach = std::sqrt(std::abs(square));
  std::string mean;
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    mean += fmt::format(" {}", digits(s[1 + a] / mass, reach));
  }
  const double l2 = std::sqrt(s[5]);
  return fmt::format("mass {} mean{} square {} l2 {} mark {}", digits(mass, std::abs(mass)), mean,
                     digits(square, std::abs(square)), digits(l2, l2),
                     digits(s[6], std::abs(mass)));
}

}  // namespace otto
