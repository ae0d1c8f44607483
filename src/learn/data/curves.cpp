// moons: (cos t, sin t) or (1 - cos t, 0.5 - sin t), t uniform in [0, pi], plus 0.1 z; times 2,
//        minus (1, 0.2).
// swissroll: t (cos t, sin t), t uniform in 1.5 pi [1, 3], plus z; divided by 5.
// cos, line: (x, 2.5 sin x) and (x, x), x uniform in [-2.5, 2.5], plus s z.

#include <cmath>
#include <numbers>

#include "otto/learn/toy_density.h"
#include "products.h"

namespace otto {

namespace {

using std::numbers::pi;
using Place = std::array<double, 2>;

/// The parameter is uniform.
void add_uniform(const BoxBlock& block, const Curve& curve, double mass, double s,
                 std::span<double> masses) {
  const double weight = mass / (curve.end - curve.begin);
  add_products(block,
               along(
                   curve, [=](double) { return weight; }, {}, s),
               masses);
}

void add_moons(const BoxBlock& block, double, std::span<double> masses) {
  const auto upper = [](double t) -> Place { return {2 * std::cos(t) - 1, 2 * std::sin(t) - 0.2}; };
  const auto lower = [](double t) -> Place {
    return {2 * (1 - std::cos(t)) - 1, 2 * (0.5 - std::sin(t)) - 0.2};
  };
  add_uniform(block, {0, pi, upper, 2}, 0.5, 0.2, masses);
  add_uniform(block, {0, pi, lower, 2}, 0.5, 0.2, masses);
}

void add_swissroll(const BoxBlock& block, double, std::span<double> masses) {
  const auto roll = [](double t) -> Place { return {t * std::cos(t) / 5, t * std::sin(t) / 5}; };
  const double end = 4.5 * pi;
  add_uniform(block, {1.5 * pi, end, roll, std::hypot(1, end) / 5}, 1, 0.2, masses);
}

void add_cos(const BoxBlock& block, double s, std::span<double> masses) {
  const auto wave = [](double x) -> Place { return {x, 2.5 * std::sin(x)}; };
  add_uniform(block, {-2.5, 2.5, wave, std::hypot(1, 2.5)}, 1, s, masses);
}

void add_line(const BoxBlock& block, double s, std::span<double> masses) {
  const auto line = [](double x) -> Place { return {x, x}; };
  add_uniform(block, {-2.5, 2.5, line, std::numbers::sqrt2}, 1, s, masses);
}

const RegisterToy moons{{.name = "moons",
                         .doc = "Two half circles blurred by 0.2; customary box [-4.5, 4.5]^2.",
                         .equation = "t in [0, pi]: 2 (cos t, sin t) - (1, 0.2), "
                                     "2 (1 - cos t, 0.5 - sin t) - (1, 0.2)",
                         .add_masses = add_moons}};
const RegisterToy swissroll{{.name = "swissroll",
                             .doc = "A spiral blurred by 0.2; customary box [-4.5, 4.5]^2.",
                             .equation = "t in [1.5 pi, 4.5 pi]: t (cos t, sin t) / 5",
                             .add_masses = add_swissroll}};
const RegisterToy cosine{{.name = "cos",
                          .doc = "A wave blurred by `smoothing`; customary box [-4.5, 4.5]^2.",
                          .equation = "x in [-2.5, 2.5]: (x, 2.5 sin x)",
                          .add_masses = add_cos,
                          .smoothing = 0.1,
                          .takes_smoothing = true,
                          .needs_smoothing = true}};
const RegisterToy line{{.name = "line",
                        .doc = "A segment blurred by `smoothing`; customary box [-4.5, 4.5]^2.",
                        .equation = "x in [-2.5, 2.5]: (x, x)",
                        .add_masses = add_line,
                        .smoothing = 0.1,
                        .takes_smoothing = true,
                        .needs_smoothing = true}};

}  // namespace

}  // namespace otto
