// Every stepper made by a function, without a case file, takes the steps its case takes, to the last
// bit; and the table of steppers: at most one row for any problem, the refusals, the page that shows
// it.

#include "otto/time/schemes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "otto/core/error.h"
#include "otto/time/dispatch.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string grid = R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [14, 12]
[initial]
kind = "gaussian"
mean = [-0.4, 0.0]
variance = 0.6
[solver]
rtol = 1e-9
[time]
step = 0.002
end = 0.01
)";
const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n";
const std::string power = "[[energy]]\nkind = \"power\"\nexponent = 2.0\n";
const std::string well =
    "[[energy]]\nkind = \"external\"\nexpression = \"(x^2 + y^2)/2 + 0.2*x*y\"\n";

using Make = std::function<std::unique_ptr<Stepper>(const Problem&)>;

struct Made {
  std::string what;
  std::vector<std::string> settings;
  Make make;
  std::string terms = entropy + well;
};

const std::vector<Made> all_made = {
    {"implicit_euler", {}, [](auto& p) { return make_implicit_euler(p); }},
    {"crank_nicolson", {}, [](auto& p) { return make_crank_nicolson(p); }},
    {"bdf2", {}, [](auto& p) { return make_bdf2(p); }},
    {"tr_bdf2", {}, [](auto& p) { return make_tr_bdf2(p); }},
    {"tr_bdf2",
     {},
     [](auto& p) { return make_lagged_tr_bdf2(p); },
     entropy + well + "[[energy]]\nkind = \"interaction\"\nlibrary = \"quadratic\"\n"},
    {"midpoint", {}, [](auto& p) { return make_midpoint(p); }},
    {"exponential",
     {"time.tolerance=1e-5"},
     [](auto& p) { return make_exponential(p, {.tolerance = 1e-5, .duration = 0.01}); }},
    {"implicit_euler", {}, [](auto& p) { return make_nonlinear_euler(p); }, power + well},
    {"implicit_euler",
     {"flux.kind=simplex"},
     [](auto& p) { return make_simplex_step(p, SimplexRule::implicit_euler); }},
    {"midpoint",
     {"flux.kind=simplex"},
     [](auto& p) { return make_simplex_step(p, SimplexRule::midpoint); }},
    {"jko", {}, [](auto& p) { return make_jko(p); }},
    {"jko",
     {"time.inner_steps=3", "time.weights=upwind", "time.kappa=0.5"},
     [](auto& p) {
       return make_jko(p, {.weights = FaceWeights::upwind, .inner_steps = 3, .kappa = 0.5});
     }},
    {"jko_bdf2",
     {"time.weights=blend"},
     [](auto& p) { return make_jko_bdf2(p, {.weights = FaceWeights::blend}); }},
    {"jko_midpoint", {}, [](auto& p) { return make_jko_midpoint(p); }, power + well},
};

TEST(Schemes, EveryStepperIsMadeWithoutACase) {
  std::set<std::pair<std::string, std::string>> rows;
  for (const Made& made : all_made) {
    std::vector<std::string> settings{"time.scheme=" + made.what};
    settings.insert(settings.end(), made.settings.begin(), made.settings.end());
    Scenario s(grid + made.terms, settings);
    State by_case = s.initial(), by_hand = s.initial();
    (void)s.run(by_case);

    Generator generator(s.mesh, s.energy, find_flux("scharfetter_gummel"));
    const bool simplex = s.c.section("flux").text("kind") == flux_on_simplices;
    const Problem problem{.mesh = s.mesh,
                          .energy = s.energy,
                          .generator = generator,
                          .solver = {.rtol = 1e-9},
                          .flux = simplex ? flux_on_simplices : ""};
    const auto stepper = made.make(problem);
    generator.set_time(0);
    stepper->restart(by_hand);
    for (int k = 1; k <= 5; ++k) {
      const StepReport report = stepper->advance(by_hand, 0.002);
      ASSERT_TRUE(report.accepted) << made.what << ": " << report.reason;
      by_hand.time = k * 0.002;  // as the loop counts
    }
    EXPECT_EQ(by_hand.density, by_case.density) << made.what;
    const StepperEntry& row = find_stepper(s.c, s.problem);
    rows.emplace(row.name, row.method);
  }
  EXPECT_EQ(rows.size(), all_steppers().size());
}

TEST(Schemes, AStepperMadeByHandRefusesWhatItIsNotFor) {
  Scenario linear(grid + entropy + well, {}), porous(grid + power + well, {});
  for (const Made& made : all_made) {
    const bool takes_porous = made.terms == power + well || made.what.starts_with("jko");
    if (!takes_porous) {
      const Problem problem{porous.mesh, porous.energy, porous.generator};
      EXPECT_THROW((void)made.make(problem), InputError) << made.what;
    }
    if (!made.what.starts_with("jko")) continue;
    const Problem asked{linear.mesh, linear.energy, linear.generator, {}, "upwind"};
    EXPECT_THROW((void)made.make(asked), InputError) << made.what;
  }
  const Problem porous_problem{porous.mesh, porous.energy, porous.generator};
  EXPECT_NO_THROW((void)make_nonlinear_euler(porous_problem));
  EXPECT_THROW((void)make_nonlinear_euler({linear.mesh, linear.energy, linear.generator}),
               InputError);
}

/// Every combination of facts that the table distinguishes.
std::vector<Facts> all_facts(const Problem& problem) {
  std::vector<Facts> all;
  for (unsigned bits = 0; bits < 1024; ++bits) {
    Facts f(problem);
    const auto bit = [&](int i) { return (bits >> i & 1) != 0; };
    f.linear = bit(0);
    f.external_only = bit(1) && !f.linear;
    f.positive = bit(2) || f.linear;
    f.interaction = bit(3) && !f.linear && !f.external_only;
    f.drift = bit(4);
    f.absorbing = bit(5);
    f.time_dependence = bit(6);
    f.adaptive = bit(7);
    f.flux = bit(8) ? (bit(9) ? "simplex" : "centred") : (bit(9) ? "upwind" : "");
    f.dissipating = f.flux != "centred";
    all.push_back(f);
  }
  return all;
}

TEST(Dispatch, NoProblemHasTwoSteppersOfAScheme) {
  Scenario s(grid + entropy + well, {});
  int chosen = 0;
  for (const Facts& facts : all_facts(s.problem)) {
    for (const std::string& scheme : scheme_names()) {
      const StepperChoice choice = choose_stepper(scheme, facts);
      if (!choice.entry) {
        EXPECT_FALSE(choice.refusal.table.empty());
        EXPECT_FALSE(choice.refusal.message.empty());
        continue;
      }
      ++chosen;
      EXPECT_EQ(choice.entry->name, scheme);
      EXPECT_EQ(suitable_steppers(scheme, facts), 1) << scheme;
    }
  }
  EXPECT_GT(chosen, 500);
}

/// The schemes a refusal advises, in quotes after "use one of", do solve the problem.
TEST(Dispatch, AdviceIsGood) {
  Scenario s(grid + entropy + well, {});
  int advised = 0;
  for (const Facts& facts : all_facts(s.problem)) {
    for (const std::string& scheme : scheme_names()) {
      const StepperChoice choice = choose_stepper(scheme, facts);
      if (choice.entry) continue;
      const std::string& text = choice.refusal.message;
      const auto use = text.find("use one of ");
      if (use == std::string::npos) continue;
      for (const std::string& other : scheme_names()) {
        if (text.find("'" + other + "'", use) == std::string::npos) continue;
        ++advised;
        EXPECT_TRUE(choose_stepper(other, facts).entry) << other << " in: " << text;
      }
    }
  }
  EXPECT_GT(advised, 500);
}

TEST(Dispatch, SteppersAreWhatTheirRowsSay) {
  for (const Made& made : all_made) {
    std::vector<std::string> settings{"time.scheme=" + made.what};
    settings.insert(settings.end(), made.settings.begin(), made.settings.end());
    Scenario s(grid + made.terms, settings);
    const StepperEntry& entry = find_stepper(s.c, s.problem);
    const auto stepper = s.make_stepper();
    EXPECT_EQ(stepper->order(), entry.order) << entry.file;
    EXPECT_EQ(stepper->estimates_error(), entry.solves.estimates_error) << entry.file;
    EXPECT_FALSE(entry.method.empty()) << entry.file;
  }
}

TEST(Dispatch, DocsShowTheTable) {
  std::ifstream file(OTTO_SOURCE_DIR "/docs/methods/schemes.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string table = stepper_table_markdown();
  EXPECT_NE(page.str().find("\n\n" + table + "\n"), std::string::npos)
      << "docs/methods/schemes.md must hold this table:\n\n"
      << table;
}

/// A step after `restart` does not depend on what the stepper has done before.
TEST(Restart, AStepperForgets) {
  for (const Made& made : all_made) {
    std::vector<std::string> settings{"time.scheme=" + made.what};
    settings.insert(settings.end(), made.settings.begin(), made.settings.end());
    Scenario s(grid + made.terms, settings);
    const auto used = s.make_stepper(), fresh = s.make_stepper();
    State other = s.initial();
    for (double& r : other.density) r = 0.5 * r + 0.03;
    used->restart(other);
    for (int k = 0; k < 3; ++k) (void)used->advance(other, 0.002);
    State a = s.initial(), b = s.initial();
    used->restart(a);
    fresh->restart(b);
    for (int k = 0; k < 2; ++k) {
      ASSERT_TRUE(used->advance(a, 0.002).accepted) << made.what;
      ASSERT_TRUE(fresh->advance(b, 0.002).accepted) << made.what;
    }
    // solvers may keep what they built, so that the last digits differ
    EXPECT_LE(s.l1(a.density, b.density), 1e-9) << made.what;
  }
}

}  // namespace
}  // namespace otto::test
