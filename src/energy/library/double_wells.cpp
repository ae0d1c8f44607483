// Double wells.
//
//   double_well           V = b (x^2 - 1)^2 + k/2 (y^2 + z^2)      minima at x = -1, 1; barrier b
//   radial_double_well    V = a (|x|^2 - b)^2                      minima on the sphere |x|^2 = b
//   tilted_double_well    V = x^4/8 - x^2/2 + c x + k/2 (y^2 + z^2)
//
// The radial one with a = 0.1, b = 4 is the confinement of the interacting system of Heinonen et
// al., "Wasserstein residuals" (2026).

#include "../formula.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.barrier",
                     .doc = "Height b of the barrier between the two wells.",
                     .fallback = "1.0",
                     .range = positive,
                     .when = "library=double_well",
                     .equation = "V = b (x^2 - 1)^2 + k/2 (y^2 + z^2)"},
                    {.path = "energy.stiffness",
                     .doc = "Stiffness k of the well across the x axis.",
                     .fallback = "1.0",
                     .range = non_negative,
                     .when = "library=double_well|tilted_double_well",
                     .equation = "V = ... + k/2 (y^2 + z^2)"},
                    {.path = "energy.tilt",
                     .doc = "Slope c by which one well lies lower.",
                     .fallback = "0.2",
                     .when = "library=tilted_double_well",
                     .equation = "V = x^4/8 - x^2/2 + c x + k/2 (y^2 + z^2)"},
                    {.path = "energy.coefficient",
                     .doc = "Coefficient a of the radial well.",
                     .fallback = "0.1",
                     .range = positive,
                     .when = "library=radial_double_well",
                     .equation = "V = a (|x|^2 - b)^2"},
                    {.path = "energy.radius_squared",
                     .doc = "Squared radius b of the bottom of the radial well.",
                     .fallback = "4.0",
                     .range = non_negative,
                     .when = "library=radial_double_well",
                     .equation = "V = a (|x|^2 - b)^2"}}};

double across(const Point& x) { return x[1] * x[1] + x[2] * x[2]; }

const RegisterExternal double_well{
    {.name = "double_well",
     .doc = "Two wells at x = -1 and x = 1 with a barrier between them.",
     .equation = "V = b (x^2 - 1)^2 + k/2 (y^2 + z^2)",
     .make =
         [](const Section& term, int) {
           const double b = term.real("barrier"), k = term.real("stiffness");
           return formula([b, k](const Point& x) {
             return b * square(x[0] * x[0] - 1) + 0.5 * k * across(x);
           });
         },
     .lower = {-2, -2, -2},
     .upper = {2, 2, 2}}};

const RegisterExternal radial_double_well{
    {.name = "radial_double_well",
     .doc = "A moat along the sphere |x|^2 = b.",
     .equation = "V = a (|x|^2 - b)^2",
     .make =
         [](const Section& term, int) {
           const double a = term.real("coefficient"), b = term.real("radius_squared");
           return formula([a, b](const Point& x) { return a * square(norm_squared(x) - b); });
         },
     .lower = {-4, -4, -4},
     .upper = {4, 4, 4}}};

const RegisterExternal tilted_double_well{
    {.name = "tilted_double_well",
     .doc = "A quartic double well, one well lower than the other.",
     .equation = "V = x^4/8 - x^2/2 + c x + k/2 (y^2 + z^2)",
     .make =
         [](const Section& term, int) {
           const double c = term.real("tilt"), k = term.real("stiffness");
           return formula([c, k](const Point& x) {
             const double s = x[0] * x[0];
             return s * s / 8 - s / 2 + c * x[0] + 0.5 * k * across(x);
           });
         },
     .lower = {-4, -4, -4},
     .upper = {4, 4, 4}}};

}  // namespace

}  // namespace otto
