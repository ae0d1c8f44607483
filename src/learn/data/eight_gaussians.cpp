// 8gaussians: centres 4 (cos k pi/4, sin k pi/4), k = 0 ... 7, plus 0.5 z; all divided by 1.414.

#include <cmath>
#include <numbers>

#include "otto/learn/toy_density.h"
#include "products.h"

namespace otto {

namespace {

void add_masses(const BoxBlock& block, double, std::span<double> masses) {
  constexpr double scale = 1.414, radius = 4 / scale, s = 0.5 / scale;
  std::vector<Product> parts;
  for (int k = 0; k < 8; ++k) {
    const double angle = k * std::numbers::pi / 4;
    parts.push_back({1.0 / 8, {radius * std::cos(angle), radius * std::sin(angle)}, {}, s});
  }
  add_products(block, parts, masses);
}

const RegisterToy registered{
    {.name = "8gaussians",
     .doc = "Eight normals on a circle; customary box [-4.5, 4.5]^2.",
     .equation = "rho = 1/8 sum_k N(x; R e_k, s^2), R = 4/1.414, s = 0.5/1.414",
     .add_masses = add_masses}};

}  // namespace

}  // namespace otto
