// Energies that are sums over the axes of a function of one coordinate.
//
//   rippled_bowl   V = sum sin(2 pi v)/pi + v^2/4
//                  (the filtering test of P. Mokrov et al., "Large-scale Wasserstein gradient
//                  flows", NeurIPS 2021)
//   folded_bowl    V = (|x| - R)^2 / 2, |x| the norm: two wells at +-R in one dimension, a ring or
//                  shell beyond (R = 7: M. Heinonen et al., "Wasserstein residuals", 2026)
//   cosine         V = A sum cos(2 pi v / L); on a periodic box, L should divide its length
//
// A tilt -F x is not periodic: with `cosine`, give it as [drift] expression = ["F"], which is the
// same force. The current is then Risken's (The Fokker-Planck Equation, chapter 11).

#include "../formula.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.radius",
                     .doc = "Distance R of the bottom of the well from the origin.",
                     .fallback = "7.0",
                     .range = non_negative,
                     .when = "library=folded_bowl",
                     .equation = "V = (|x| - R)^2 / 2"},
                    {.path = "energy.amplitude",
                     .doc = "Amplitude A of the waves.",
                     .fallback = "1.0",
                     .when = "library=cosine",
                     .equation = "V = A sum cos(2 pi v / L)"},
                    {.path = "energy.period",
                     .doc = "Period L of the waves.",
                     .fallback = "1.0",
                     .range = positive,
                     .when = "library=cosine",
                     .equation = "V = A sum cos(2 pi v / L)"}}};

const RegisterExternal rippled_bowl{
    {.name = "rippled_bowl",
     .doc = "A bowl with ripples of length 1.",
     .equation = "V = sum (sin(2 pi v)/pi + v^2/4)",
     .make = sum_over_axes([](double v) { return std::sin(2 * pi * v) / pi + 0.25 * v * v; }),
     .lower = {-5, -5, -5},
     .upper = {5, 5, 5}}};

const RegisterExternal folded_bowl{
    {.name = "folded_bowl",
     .doc = "Two parabolas that meet in a kink at the origin; a ring in two dimensions.",
     .equation = "V = (|x| - R)^2/2",
     .make =
         [](const Section& term, int) {
           const double R = term.real("radius");
           return formula(
               [R](const Point& x) { return 0.5 * square(std::sqrt(norm_squared(x)) - R); });
         },
     .lower = {-12, -12, -12},
     .upper = {12, 12, 12}}};

const RegisterExternal cosine{
    {.name = "cosine",
     .doc = "Waves along every axis; with a constant drift, the tilted periodic energy.",
     .equation = "V = A sum cos(2 pi v/L)",
     .make =
         [](const Section& term, int d) {
           const double A = term.real("amplitude"), k = 2 * pi / term.real("period");
           return formula([A, k, d](const Point& x) {
             double sum = 0;
             for (std::size_t a = 0; a < std::size_t(d); ++a) sum += std::cos(k * x[a]);
             return A * sum;
           });
         },
     .lower = {0, 0, 0},
     .upper = {1, 1, 1}}};

}  // namespace

}  // namespace otto
