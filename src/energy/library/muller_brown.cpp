// The surface of Mueller and Brown, the test of methods for rare transitions,
//
//   V = sum_k A_k exp[ a_k (x - x_k)^2 + b_k (x - x_k)(y - y_k) + c_k (y - y_k)^2 ],
//
// with minima -146.700 at (-0.558, 1.442), -108.167 at (0.623, 0.028), -80.768 at (-0.050, 0.467)
// and saddles -40.665 at (-0.822, 0.624), -72.249 at (0.212, 0.293).
// K. Mueller, L. D. Brown, Theor. Chim. Acta 53 (1979) 75.
//
// The last term grows like e^{0.7 x^2}: `cap` limits V to min V + cap. Without it V is the sum as
// written, its exponents limited to 600.

#include <array>
#include <limits>

#include "../formula.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

constexpr double min_V = -146.69951720995402;  // at (-0.5582236346, 1.4417258418)

const Declare keys{{},
                   {{.path = "energy.cap",
                     .doc = "Largest value of V above its minimum; no limit by default.",
                     .range = positive,
                     .when = "library=muller_brown",
                     .equation = "V <- min(V, min V + cap)"}}};

double sum_of_four(double x, double y) {
  constexpr std::array<double, 4> A{-200, -100, -170, 15}, a{-1, -1, -6.5, 0.7}, b{0, 0, 11, 0.6},
      c{-10, -10, -6.5, 0.7}, x0{1, 0, -0.5, -1}, y0{0, 0.5, 1.5, 1};
  double V = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    const double dx = x - x0[k], dy = y - y0[k];
    V += A[k] * limited_exp(a[k] * dx * dx + b[k] * dx * dy + c[k] * dy * dy);
  }
  return V;
}

const RegisterExternal muller_brown{
    {.name = "muller_brown",
     .doc = "The Mueller-Brown surface: three minima along a bent valley.",
     .equation = "V = sum_k A_k exp[a_k (x-x_k)^2 + b_k (x-x_k)(y-y_k) + c_k (y-y_k)^2]",
     .make =
         [](const Section& term, int) {
           const double top =
               term.has("cap") ? min_V + term.real("cap") : std::numeric_limits<double>::infinity();
           return formula([top](const Point& x) { return std::min(sum_of_four(x[0], x[1]), top); });
         },
     .lower = {-1.5, -0.2},
     .upper = {1.2, 2.0},
     .min_dimension = 2,
     .max_dimension = 2,
     .example = "cap = 200.0"}};

}  // namespace

}  // namespace otto
