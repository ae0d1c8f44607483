// Bent and narrowing valleys, hard for samplers.
//
//   funnel        V = x^2/18 + (d-1) x/2 + e^{-x} (y^2 + z^2)/2
//                 x ~ N(0, 9), the others ~ N(0, e^x)
//                 (R. M. Neal, Ann. Statist. 31 (2003) 705, section 8)
//   banana        V = [(1 - x)^2 + 100 (y - x^2)^2] / 20
//                 (Rosenbrock's function; J. Goodman, J. Weare, CAMCoS 5 (2010) 65)
//   wavy_valley   V = 0.6 (y - sin(pi x / 2))^2 - x / 2
//                 (M. Heinonen et al., "Wasserstein residuals", 2026)

#include "../formula.h"

namespace otto {

namespace {

const RegisterExternal funnel{{.name = "funnel",
                               .doc = "Neal's funnel: the width across is e^{x/2}.",
                               .equation = "V = x^2/18 + (d-1) x/2 + exp(-x) (y^2 + z^2)/2",
                               .make = fixed([](const Point& x, int d) {
                                 return x[0] * x[0] / 18 + 0.5 * (d - 1) * x[0] +
                                        0.5 * limited_exp(-x[0]) * (x[1] * x[1] + x[2] * x[2]);
                               }),
                               .lower = {-6, -12, -12},
                               .upper = {6, 12, 12},
                               .min_dimension = 2}};

const RegisterExternal banana{{.name = "banana",
                               .doc = "Rosenbrock's banana: a thin valley along y = x^2.",
                               .equation = "V = [(1-x)^2 + 100 (y-x^2)^2]/20",
                               .make = fixed([](const Point& x, int) {
                                 return (square(1 - x[0]) + 100 * square(x[1] - x[0] * x[0])) / 20;
                               }),
                               .lower = {-3, -2},
                               .upper = {4, 14},
                               .min_dimension = 2,
                               .max_dimension = 2}};

const RegisterExternal wavy_valley{{.name = "wavy_valley",
                                    .doc = "A sinusoidal valley that descends along x.",
                                    .equation = "V = 0.6 (y - sin(pi x/2))^2 - x/2",
                                    .make = fixed([](const Point& x, int) {
                                      return 0.6 * square(x[1] - std::sin(0.5 * pi * x[0])) -
                                             0.5 * x[0];
                                    }),
                                    .lower = {-4, -4},
                                    .upper = {4, 4},
                                    .min_dimension = 2,
                                    .max_dimension = 2}};

}  // namespace

}  // namespace otto
