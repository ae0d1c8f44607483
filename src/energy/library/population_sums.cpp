// Energies by which methods for population dynamics are compared (part one: those written over the
// coordinates v_1 ... v_d). The fifteen of the JKOnet* benchmark, A. Terpin, N. Lanzetti, M. Gadea,
// F. Doerfler, NeurIPS 2024, as its data generator evaluates them; most are test functions of
// global optimisation (Styblinski and Tang 1990, Oakley and O'Hagan 2004, ...).
//
// Only styblinski_tang and wavy_plateau confine; the others need the walls of a box.
// styblinski_hashimoto is the variant of T. Hashimoto, D. Gifford, T. Jaakkola, ICML 2016, with 3/4
// before v^4.

#include "../formula.h"

namespace otto {

namespace {

LibraryEntry entry(std::string name, std::string doc, std::string equation, ExternalFactory make,
                   int min_dimension = 1) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .equation = std::move(equation),
          .make = std::move(make),
          .lower = {-4, -4, -4},
          .upper = {4, 4, 4},
          .min_dimension = min_dimension};
}

const RegisterExternal styblinski_tang{
    entry("styblinski_tang", "Two wells per axis, one deeper.", "V = 1/2 sum (v^4 - 16 v^2 + 5 v)",
          sum_over_axes([](double v) { return 0.5 * (square(v * v) - 16 * v * v + 5 * v); }))};

const RegisterExternal styblinski_hashimoto{entry(
    "styblinski_hashimoto", "Two wells per axis, one deeper (the variant of Hashimoto et al.).",
    "V = 1/2 sum (3/4 v^4 - 16 v^2 + 5 v)",
    sum_over_axes([](double v) { return 0.5 * (0.75 * square(v * v) - 16 * v * v + 5 * v); }))};

const RegisterExternal flowers{
    entry("flowers", "Ripples on a slope.", "V = sum (v + 2 sin(|v|^1.2))",
          sum_over_axes([](double v) { return v + 2 * std::sin(std::pow(std::abs(v), 1.2)); }))};

const RegisterExternal oakley_ohagan{
    entry("oakley_ohagan", "A rippled bowl.", "V = 5 sum (sin v + cos v + v^2 + v)",
          sum_over_axes([](double v) { return 5 * (std::sin(v) + std::cos(v) + v * v + v); }))};

const RegisterExternal sphere{entry("sphere", "A hill: drives everything to the walls.",
                                    "V = -10 |v|^2",
                                    sum_over_axes([](double v) { return -10 * v * v; }))};

const RegisterExternal wavy_plateau{
    entry("wavy_plateau", "Two wells per axis with ripples.",
          "V = sum (cos(pi v) + v^4/2 - 3 v^2 + 1)", sum_over_axes([](double v) {
            return std::cos(pi * v) + 0.5 * square(v * v) - 3 * v * v + 1;
          }))};

const RegisterExternal relu{entry("relu", "A kinked slope: flat, then steep.",
                                  "V = -50 sum max(v, 0)",
                                  sum_over_axes([](double v) { return -50 * std::max(v, 0.0); }))};

const RegisterExternal flat{
    entry("flat", "Nothing: pure diffusion.", "V = 0", sum_over_axes([](double) { return 0.0; }))};

const RegisterExternal double_exp{
    entry("double_exp", "Two hills at (3, 3, ...) and (-3, -3, ...).",
          "V = 200 [exp(-|v-3|^2/20) + exp(-|v+3|^2/20)]", fixed([](const Point& v, int d) {
            double near = 0, far = 0;
            for (std::size_t a = 0; a < static_cast<std::size_t>(d); ++a) {
              near += square(v[a] - 3);
              far += square(v[a] + 3);
            }
            return 200 * (std::exp(-near / 20) + std::exp(-far / 20));
          }))};

const RegisterExternal watershed{
    entry("watershed", "A divide between two basins.",
          "V = 1/10 sum_{i<d} (v_i + v_i^2 (v_{i+1} + 4))", fixed([](const Point& v, int d) {
            double sum = 0;
            for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(d); ++i) {
              sum += v[i] + v[i] * v[i] * (v[i + 1] + 4);
            }
            return sum / 10;
          }),
          2)};

const RegisterExternal zigzag_ridge{entry(
    "zigzag_ridge", "A winding ridge.",
    "V = sum_{i<d} ((v_i - v_{i+1})^2 + cos(v_i)(v_i + v_{i+1}) + v_i^2 v_{i+1})",
    fixed([](const Point& v, int d) {
      double sum = 0;
      for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(d); ++i) {
        sum +=
            square(v[i] - v[i + 1]) + std::cos(v[i]) * (v[i] + v[i + 1]) + v[i] * v[i] * v[i + 1];
      }
      return sum;
    }),
    2)};

}  // namespace

}  // namespace otto
