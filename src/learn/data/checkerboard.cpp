// checkerboard: uniform on eight squares of side 2 in [-4, 4]^2, in column m = -2 ... 1 those of
// the rows r = (m mod 2) and (m mod 2) - 2, where row r is [2r, 2r + 2]; plus s z.

#include "otto/learn/toy_density.h"
#include "products.h"

namespace otto {

namespace {

void add_masses(const BoxBlock& block, double s, std::span<double> masses) {
  std::vector<Product> parts;
  for (int m = -2; m <= 1; ++m) {
    const int odd = (m + 2) % 2;
    for (const int r : {odd, odd - 2}) {
      parts.push_back({1.0 / 8, {2.0 * m + 1, 2.0 * r + 1}, {1, 1}, s});
    }
  }
  add_products(block, parts, masses);
}

const RegisterToy registered{
    {.name = "checkerboard",
     .doc = "Uniform on eight squares of a board, discontinuous unless `smoothing` blurs it; "
            "customary box [-4.5, 4.5]^2.",
     .equation = "rho = 1/32 on [2m, 2m + 2] x [2r, 2r + 2], m = -2 ... 1, r = (m mod 2) or "
                 "(m mod 2) - 2",
     .add_masses = add_masses,
     .smoothing = 0,
     .takes_smoothing = true}};

}  // namespace

}  // namespace otto
