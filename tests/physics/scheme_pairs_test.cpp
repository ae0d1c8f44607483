// Every scheme with everything the equation may have beside an entropy and V(x): what it takes it solves to
// its order, and what it does not take it refuses before the first step.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>

#include "otto/core/error.h"
#include "otto/time/dispatch.h"
#include "scenario.h"

namespace otto::test {
namespace {

struct Term {
  const char *name, *lines, *kT = "0.1", *V = "x";
};

const Term terms[] = {{"rate", "[reaction]\nrate = \"1 + x + t\"\n"},
                      {"source", "[reaction]\nsource = \"3 + x + t\"\n"},
                      {"absorbing", "[boundary]\nabsorbing = [\"x_min\"]\n"},
                      {"value", "[boundary.value]\nx_min = \"0.1 + 9*t\"\n"},
                      {"robin", "[boundary.robin]\nx_min = 0.7\n"},
                      {"outflow", "[boundary]\noutflow = [\"x_min\"]\n"},
                      {"reinject", "[boundary]\nabsorbing = [\"x_min\"]\nreinject = \"initial\"\n"},
                      {"D(t)", "[diffusion]\nexpression = \"1 + x + 3*t\"\n"},
                      {"kT(x)", "", "\"0.1 + 0.2*x\""},
                      {"kT(t)", "", "\"0.1 + t\""},
                      {"drift", "[drift]\nexpression = [\"0.5*sin(t) + 0.3\"]\n"},
                      {"V(t)", "", "0.1", "x*(1 + 5*t)"}};

const char* const everything =
    "rate source absorbing value robin outflow reinject D(t) kT(x) kT(t) drift V(t)";
const char* const V_alone = "- - - - - - - - - - - V(t)";
/// Which of the terms a scheme takes, in the order above.
const std::map<std::string, std::string> taken = {
    {"bdf2", everything},
    {"crank_nicolson", everything},
    {"exponential", "- - absorbing - robin outflow - - kT(x) - - -"},
    {"implicit_euler", everything},
    {"jko", V_alone},
    {"jko_bdf2", V_alone},
    {"jko_midpoint", V_alone},
    {"midpoint", "rate - absorbing - robin outflow - D(t) kT(x) kT(t) drift V(t)"},
    {"tr_bdf2", everything}};

std::string case_of(const Term& term, const std::string& scheme, double step) {
  return std::string(
             "[mesh]\nlower = [0]\nupper = [1]\ncells = [40]\n[[energy]]\nkind = "
             "\"entropy\"\ntemperature = ") +
         term.kT + "\n[[energy]]\nkind = \"external\"\nexpression = \"" + term.V + "\"\n" +
         term.lines +
         "[initial]\nkind = \"gaussian\"\nmean = [0.4]\nvariance = 0.02\n[solver]\nrtol = "
         "1e-11\n[time]\nscheme = \"" +
         scheme + "\"\nstep = " + std::to_string(step) + "\nend = 0.1\n";
}

/// The density at the end; nothing where the scheme is refused.
std::optional<std::vector<double>> run(Scenario& s) {
  State state = s.initial();
  if (s.exchange.reinjects) {
    std::vector<double> mass(std::size_t(s.mesh.owned));
    for (std::size_t k = 0; k < mass.size(); ++k) mass[k] = s.mesh.volume[k] * state.density[k];
    s.generator.reinject(mass);
  }
  try {
    (void)s.make_stepper();
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("scenario.toml:"), std::string::npos) << e.what();
    return std::nullopt;
  }
  s.run(state);
  return state.density;
}

TEST(SchemePairs, SolveWhatTheyTakeAndRefuseTheRest) {
  if (Comm().size() > 1) GTEST_SKIP();  // many short runs; nothing here knows of ranks
  std::map<std::string, std::string> found;
  for (const Term& term : terms) {
    Scenario fine(case_of(term, "tr_bdf2", 0.00125));
    const State start = fine.initial();
    const auto reference = run(fine);
    ASSERT_TRUE(reference) << term.name;
    const double moved = fine.l1(*reference, start.density);
    ASSERT_GT(moved, 0.1) << term.name;
    for (const std::string& scheme : scheme_names()) {
      Scenario s(case_of(term, scheme, 0.01));
      const auto rho = run(s);
      found[scheme] += std::string(found[scheme].empty() ? "" : " ") + (rho ? term.name : "-");
      if (!rho) continue;
      const double error = s.l1(*rho, *reference) / moved;
      EXPECT_LE(error, s.make_stepper()->order() == 1 ? 0.1 : 0.01) << scheme << ", " << term.name;
    }
  }
  for (const auto& [scheme, row] : found) {
    const auto at = taken.find(scheme);
    ASSERT_NE(at, taken.end()) << scheme;
    EXPECT_EQ(row, at->second) << scheme;
  }
}

}  // namespace
}  // namespace otto::test
