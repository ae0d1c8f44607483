#include "otto/operators/mobility.h"

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{
    {{"mobility",
      "A mobility m(rho) that is not rho. By implicit Euler, with every energy; the equilibrium is "
      "that of the energy."}},
    {{.path = "mobility.exponent",
      .doc = "Exponent p of the density in the mobility.",
      .fallback = "1.0",
      .range = {.min = 1},
      .equation = "d_t rho = div(m(rho) grad mu), m = rho^p (1 - rho/P)"},
     {.path = "mobility.maximum",
      .doc = "The density P at which the mobility vanishes: cells that are full take nothing in. "
             "None by default.",
      .range = positive,
      .equation = "m = rho^p (1 - rho/P), 0 <= rho <= P"}}};

}  // namespace

Mobility read_mobility(const Section& section) {
  Mobility m;
  if (!section.present()) return m;
  m.exponent = section.real("exponent");
  if (section.given("maximum")) m.maximum = section.real("maximum");
  if (m.linear()) {
    section.fail("",
                 "with an exponent of 1 and no maximum the mobility is the density; give one "
                 "of them, or remove the table");
  }
  return m;
}

}  // namespace otto
