// Energies by which methods for population dynamics are compared (part two: those written over two
// blocks). In d dimensions x is the mean of the first floor(d/2) coordinates and y that of the
// others, so d >= 2. Sources as in part one; holder_table: the Hoelder table function of global
// optimisation, ishigami: T. Ishigami, T. Homma 1990, friedman: J. H. Friedman 1991, bohachevsky:
// I. O. Bohachevsky et al. 1986.
//
// friedman has waves of length 0.064 near the corner (-4, -4): it takes some 1200^2 cells.

#include "../formula.h"

namespace otto {

namespace {

struct Blocks {
  double x, y;
};

Blocks blocks(const Point& v, int d) { return {v[0], d == 2 ? v[1] : 0.5 * (v[1] + v[2])}; }

/// Factory of f(x, y) of the two blocks.
template <class F>
ExternalFactory of_blocks(F f) {
  return fixed([f](const Point& v, int d) {
    const Blocks b = blocks(v, d);
    return f(b.x, b.y);
  });
}

LibraryEntry entry(std::string name, std::string doc, std::string equation, ExternalFactory make) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .equation = std::move(equation),
          .make = std::move(make),
          .lower = {-4, -4, -4},
          .upper = {4, 4, 4},
          .min_dimension = 2};
}

const RegisterExternal holder_table{
    entry("holder_table", "Creased hills between valleys along sin x = 0 and cos y = 0.",
          "V = 10 |sin(x) cos(y) exp(|1 - r/pi|)|, r = |v|", fixed([](const Point& v, int d) {
            const Blocks b = blocks(v, d);
            const double r = std::sqrt(norm_squared(v));
            return 10 * std::abs(std::sin(b.x) * std::cos(b.y) * limited_exp(std::abs(1 - r / pi)));
          }))};

const RegisterExternal ishigami{entry("ishigami", "Waves whose height depends on the place.",
                                      "V = sin(x) + 7 sin(y)^2 + 0.1 ((x+y)/2)^4 sin(x)",
                                      of_blocks([](double x, double y) {
                                        return std::sin(x) + 7 * square(std::sin(y)) +
                                               0.1 * square(square(0.5 * (x + y))) * std::sin(x);
                                      }))};

const RegisterExternal friedman{
    entry("friedman", "Ever finer waves towards one corner.",
          "V = [10 sin(pi a b) + 20 (a sin b - 1/2)^2 + 10 (a cos b - 1)^2 + b sin(a)/10]/100, "
          "a = 2 (x-7), b = y-7",
          of_blocks([](double x, double y) {
            const double a = 2 * (x - 7), b = y - 7;
            return (10 * std::sin(pi * a * b) + 20 * square(a * std::sin(b) - 0.5) +
                    10 * square(a * std::cos(b) - 1) + 0.1 * b * std::sin(a)) /
                   100;
          }))};

const RegisterExternal bohachevsky{entry(
    "bohachevsky", "A steep bowl with many dimples.",
    "V = 10 (x^2 + 2 y^2 - 0.3 cos(3 pi x) - 0.4 cos(4 pi y))", of_blocks([](double x, double y) {
      return 10 * (x * x + 2 * y * y - 0.3 * std::cos(3 * pi * x) - 0.4 * std::cos(4 * pi * y));
    }))};

const RegisterExternal rotational{
    entry("rotational", "A spiral staircase around (-5, -5).",
          "V = -500 max(atan2(y+5, x+5) + pi, 0)", of_blocks([](double x, double y) {
            return -500 * std::max(std::atan2(y + 5, x + 5) + pi, 0.0);
          }))};

}  // namespace

}  // namespace otto
