// Square-root approximation: the Gibbs weight of a face is the geometric mean of its two cells,
//
//   B(s) = e^{-s/2},      B(-s) = e^{s/2} = e^s B(s).
//
// H. C. Lie, K. Fackeldey, M. Weber, SIAM J. Matrix Anal. Appl. 34 (2013) 738; M. Heida,
// M. Kantner, A. Stephan, ESAIM: M2AN 55 (2021) 3017.
//
// The exponent is limited to |s|/2 <= 600, so that B and its products with transmissibilities and
// densities are finite for every s. Beyond |s| = 1200 the two weights keep the ratio e^1200:
// detailed balance cannot be represented there.

#include <cmath>

#include "exponential.h"
#include "otto/flux/two_point.h"

namespace otto {

namespace {

class SquareRoot final : public TwoPointFlux {
 public:
  void weights(std::span<const double> s, std::span<double> forward,
               std::span<double> backward) const override {
    const std::size_t n = s.size();
#pragma omp simd
    for (std::size_t f = 0; f < n; ++f) {
      const double half = 0.5 * std::abs(s[f]);
      const auto [q, k] = split_exponential(half < 600 ? half : 600);
      const double large = (1 + q) * power_of_two(k), small = 1 / large;
      forward[f] = s[f] > 0 ? small : large;
      backward[f] = s[f] > 0 ? large : small;
    }
  }
  bool detailed_balance() const override { return true; }
  bool monotone() const override { return true; }
  const std::string& name() const override { return name_; }

 private:
  std::string name_ = "square_root";
};

const RegisterFlux registered{
    std::make_unique<SquareRoot>(),
    "Square-root approximation: second order, keeps the Gibbs state and positivity; its rates "
    "explode where V changes by many kT per cell.",
    "B(s) = exp(-s/2)"};

}  // namespace

}  // namespace otto
