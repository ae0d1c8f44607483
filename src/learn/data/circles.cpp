// rings: circles of radii 0.75, 1.5, 2.25, 3, plus 0.08 z.
// circles: circles of radii 1 and 0.5, plus 0.08 z; all times 3.
// On a circle of radius R the density is (2 pi s^2)^-1 exp(-(r^2 + R^2)/(2 s^2)) I0(r R / s^2).

#include "otto/learn/toy_density.h"
#include "products.h"

namespace otto {

namespace {

void add_circles(const BoxBlock& block, std::span<const double> radii, double s,
                 std::span<double> masses) {
  for (const double radius : radii) {
    add_products(block, around(radius, 1.0 / double(radii.size()), s), masses);
  }
}

const RegisterToy rings{{.name = "rings",
                         .doc = "Four circles blurred by 0.08; customary box [-4.5, 4.5]^2.",
                         .equation = "R = 0.75, 1.5, 2.25, 3",
                         .add_masses = [](const BoxBlock& block, double, std::span<double> masses) {
                           add_circles(block, std::array{0.75, 1.5, 2.25, 3.0}, 0.08, masses);
                         }}};

const RegisterToy circles{
    {.name = "circles",
     .doc = "Two circles blurred by 0.24; customary box [-4.5, 4.5]^2.",
     .equation = "R = 1.5, 3",
     .add_masses = [](const BoxBlock& block, double, std::span<double> masses) {
       add_circles(block, std::array{3.0, 1.5}, 0.24, masses);
     }}};

}  // namespace

}  // namespace otto
