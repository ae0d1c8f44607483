// The four planar energies of D. J. Rezende, S. Mohamed, "Variational inference with normalizing
// flows", ICML 2015, table 1. With z = (x, y),
//
//   w1 = sin(pi x / 2),  w2 = 3 exp(-((x - 1)/0.6)^2 / 2),  w3 = 3 / (1 + exp(-(x - 1)/0.3)).
//
// U2, U3 and U4 are periodic or bounded in x: they need a box there.

#include "../formula.h"

namespace otto {

namespace {

double w1(double x) { return std::sin(0.5 * pi * x); }
double w2(double x) { return 3 * std::exp(-0.5 * square((x - 1) / 0.6)); }
double w3(double x) { return 3 / (1 + limited_exp(-(x - 1) / 0.3)); }

/// -((y - centre) / width)^2 / 2
double log_bell(double y, double centre, double width) {
  return -0.5 * square((y - centre) / width);
}

double u1(const Point& z, int) {
  return 0.5 * square((std::hypot(z[0], z[1]) - 2) / 0.4) -
         log_sum_exp(log_bell(z[0], 2, 0.6), log_bell(z[0], -2, 0.6));
}

double u2(const Point& z, int) { return -log_bell(z[1], w1(z[0]), 0.4); }

double u3(const Point& z, int) {
  const double w = w1(z[0]);
  return -log_sum_exp(log_bell(z[1], w, 0.35), log_bell(z[1], w - w2(z[0]), 0.35));
}

double u4(const Point& z, int) {
  const double w = w1(z[0]);
  return -log_sum_exp(log_bell(z[1], w, 0.4), log_bell(z[1], w - w3(z[0]), 0.35));
}

LibraryEntry planar(std::string name, std::string doc, std::string equation, ExternalFactory make) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .equation = std::move(equation),
          .make = std::move(make),
          .lower = {-4, -4},
          .upper = {4, 4},
          .min_dimension = 2,
          .max_dimension = 2};
}

const RegisterExternal first{planar(
    "rezende_u1", "Two facing arcs of a ring.",
    "V = ((|z|-2)/0.4)^2/2 - log[exp(-((x-2)/0.6)^2/2) + exp(-((x+2)/0.6)^2/2)]", fixed(u1))};
const RegisterExternal second{planar("rezende_u2", "A sinusoidal valley.",
                                     "V = ((y-w1)/0.4)^2/2, w1 = sin(pi x/2)", fixed(u2))};
const RegisterExternal third{planar(
    "rezende_u3", "A sinusoidal valley that splits and joins again.",
    "V = -log[exp(-((y-w1)/0.35)^2/2) + exp(-((y-w1+w2)/0.35)^2/2)], w2 = 3 exp(-((x-1)/0.6)^2/2)",
    fixed(u3))};
const RegisterExternal fourth{planar(
    "rezende_u4", "A sinusoidal valley that splits in two.",
    "V = -log[exp(-((y-w1)/0.4)^2/2) + exp(-((y-w1+w3)/0.35)^2/2)], w3 = 3/(1+exp(-(x-1)/0.3))",
    fixed(u4))};

}  // namespace

}  // namespace otto
