// 2spirals: n = 3 pi sqrt(u), p = (-n cos n + u'/2, n sin n + u''/2) with u, u', u'' uniform in
// [0, 1]; p or -p; divided by 3; plus 0.1 z. The density of n is 2 n / (9 pi^2).

#include <cmath>
#include <numbers>

#include "otto/learn/toy_density.h"
#include "products.h"

namespace otto {

namespace {

using std::numbers::pi;

void add_masses(const BoxBlock& block, double, std::span<double> masses) {
  constexpr double s = 0.1, half = 1.0 / 12;  // u'/2/3 is uniform on [0, 1/6]
  for (const double sign : {1.0, -1.0}) {
    const Curve spiral{
        0, 3 * pi,
        [=](double n) -> std::array<double, 2> {
          return {sign * (-n * std::cos(n) / 3 + half), sign * (n * std::sin(n) / 3 + half)};
        },
        std::hypot(1, 3 * pi) / 3};
    const auto weight = [](double n) { return 0.5 * 2 * n / (9 * pi * pi); };
    add_products(block, along(spiral, weight, {half, half}, s), masses);
  }
}

const RegisterToy registered{
    {.name = "2spirals",
     .doc = "Two spirals blurred by squares of side 1/6 and by 0.1; customary box [-4.5, 4.5]^2.",
     .equation = "n = 3 pi sqrt(u): +-(-n cos n + u'/2, n sin n + u''/2) / 3",
     .add_masses = add_masses}};

}  // namespace

}  // namespace otto
