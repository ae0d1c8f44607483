// What every external energy of the library promises, and values that are known.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <regex>
#include <sstream>

#include "energy_support.h"
#include "otto/energy/free_energy.h"

namespace otto {
namespace {

std::unique_ptr<ExternalEnergy> make(const std::string& name, int dimension,
                                     const std::string& parameters = "") {
  const auto& library = external_library();
  const auto entry = std::ranges::find(library, name, &LibraryEntry::name);
  if (entry == library.end()) throw InternalError("no " + name);
  const Case c =
      case_of("[[energy]]\nkind = \"external\"\nlibrary = \"" + name + "\"\n" + parameters + "\n");
  return entry->make(c.sections("energy")[0], dimension);
}

double value(const ExternalEnergy& V, const Point& x) {
  double v = 0;
  V.evaluate(std::span(&x, 1), 0, std::span(&v, 1));
  return v;
}

double value(const std::string& name, const Point& x, int dimension = 2,
             const std::string& parameters = "") {
  return value(*make(name, dimension, parameters), x);
}

struct Extremes {
  double min, max;
};

/// Least and largest V on a lattice of n^2 points of the square [a, b]^2.
Extremes extremes(const ExternalEnergy& V, double a, double b, int n) {
  std::vector<Point> points;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i)
      points.push_back({a + (b - a) * i / (n - 1), a + (b - a) * j / (n - 1), 0});
  }
  std::vector<double> values(points.size());
  V.evaluate(points, 0, values);
  return {*std::ranges::min_element(values), *std::ranges::max_element(values)};
}

/// Points of the customary box and far outside of it.
std::vector<Point> trial_points(const LibraryEntry& entry, int dimension) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<Point> points{{0, 0, 0}};
  for (int i = 0; i < 3000; ++i) {
    Point x{};
    for (int a = 0; a < dimension; ++a) {
      const auto at = std::min(static_cast<std::size_t>(a), entry.lower.size() - 1);
      const double u = unit(random);
      double& coordinate = x[static_cast<std::size_t>(a)];
      if (i < 1000) coordinate = entry.lower[at] + u * (entry.upper[at] - entry.lower[at]);
      if (i >= 1000) coordinate = 2000 * u - 1000;
      if (i >= 2000) coordinate = u < 0.4 ? -1000 : u > 0.6 ? 1000 : 0;
    }
    points.push_back(x);
  }
  return points;
}

TEST(Library, EveryEntryIsFiniteInItsBoxAndFarOutside) {
  ASSERT_GE(external_library().size(), 20u);
  for (const LibraryEntry& entry : external_library()) {
    for (int d = entry.min_dimension; d <= entry.max_dimension; ++d) {
      if (!entry.example.empty() && d != 2) continue;  // examples are planar
      const auto V = make(entry.name, d, entry.example);
      EXPECT_FALSE(V->depends_on_time()) << entry.name;
      const std::vector<Point> points = trial_points(entry, d);
      std::vector<double> values(points.size());
      V->evaluate(points, 0, values);
      for (std::size_t i = 0; i < points.size(); ++i) {
        ASSERT_TRUE(std::isfinite(values[i]))
            << entry.name << " in " << d << " dimensions at " << points[i][0] << ", "
            << points[i][1] << ", " << points[i][2];
      }
      EXPECT_EQ(value(*V, points[7]), values[7]) << entry.name;
    }
  }
}

TEST(Library, EveryEntryIsDescribed) {
  std::string previous;
  for (const LibraryEntry& entry : external_library()) {
    EXPECT_LT(previous, entry.name) << "sorted, and no name twice";
    previous = entry.name;
    EXPECT_TRUE(entry.doc.ends_with(".")) << entry.name;
    EXPECT_TRUE(entry.equation.starts_with("V = ")) << entry.name;
    EXPECT_EQ(entry.lower.size(), entry.upper.size()) << entry.name;
    EXPECT_EQ(entry.lower.size(), static_cast<std::size_t>(entry.max_dimension)) << entry.name;
    for (std::size_t a = 0; a < entry.lower.size(); ++a) EXPECT_LT(entry.lower[a], entry.upper[a]);
    const auto choices = choices_of("energy.library");
    EXPECT_NE(std::ranges::find(choices, entry.name, &Choice::value), choices.end()) << entry.name;
  }
}

TEST(Library, EveryEntryIsOnItsPage) {
  std::ifstream file(OTTO_SOURCE_DIR "/docs/energies.md");
  std::stringstream page;
  page << file.rdbuf();
  // A bar inside a table of Markdown is written with a backslash.
  const std::string text = std::regex_replace(page.str(), std::regex(R"(\\\|)"), "|");
  for (const LibraryEntry& entry : external_library()) {
    EXPECT_NE(text.find("`" + entry.name + "`"), std::string::npos) << entry.name;
    EXPECT_NE(text.find(entry.equation), std::string::npos) << entry.equation;
  }
}

TEST(MullerBrown, HasItsThreeMinimaAndTwoSaddles) {
  struct Stationary {
    double x, y, V;
  };
  const Stationary known[] = {{-0.5582236346, 1.4417258418, -146.6995},
                              {0.6234994049, 0.0280377585, -108.1667},
                              {-0.0500108229, 0.4666941049, -80.7678},
                              {-0.8220015587, 0.6243128028, -40.6648},
                              {0.2124865820, 0.2929883251, -72.2489}};
  const auto V = make("muller_brown", 2);
  for (const Stationary& s : known) {
    EXPECT_NEAR(value(*V, {s.x, s.y, 0}), s.V, 1e-4);
    const double h = 1e-5;
    EXPECT_NEAR(value(*V, {s.x + h, s.y, 0}) - value(*V, {s.x - h, s.y, 0}), 0, 2 * h * 1e-3);
    EXPECT_NEAR(value(*V, {s.x, s.y + h, 0}) - value(*V, {s.x, s.y - h, 0}), 0, 2 * h * 1e-3);
  }
}

TEST(MullerBrown, IsCappedAboveItsMinimum) {
  const double min = value("muller_brown", {-0.5582236346, 1.4417258418, 0});
  const auto V = make("muller_brown", 2, "cap = 4000.0");
  EXPECT_NEAR(value(*V, {1.3, 2.2, 0}), min + 4000, 1e-9);
  EXPECT_EQ(value(*V, {100, 100, 0}), value(*V, {1.3, 2.2, 0}));
  EXPECT_EQ(value(*V, {0, 0.5, 0}), value("muller_brown", {0, 0.5, 0}));
}

// The ranges on [-4, 4]^2 of the survey the fifteen were taken from, to its printed digits.
TEST(PopulationBenchmarks, HaveTheirKnownRanges) {
  struct Known {
    const char* name;
    double min, max, half_digit;
  };
  const Known table[] = {{"styblinski_tang", -78, 20, 0.5},
                         {"holder_table", 0, 17, 0.5},
                         {"flowers", -11.5, 7.2, 0.05},
                         {"oakley_ohagan", -3.3, 186, 0.5},
                         {"watershed", -0.4, 13, 0.5},
                         {"ishigami", -16, 24, 0.5},
                         {"friedman", 2.4, 102, 0.5},
                         {"sphere", -320, 0, 0.5},
                         {"bohachevsky", -7, 473, 0.5},
                         {"wavy_plateau", -6.5, 164, 0.5},
                         {"zigzag_ridge", -59, 128, 0.5},
                         {"double_exp", 33, 206, 0.5},
                         {"relu", -400, 0, 0.5},
                         {"rotational", -2301, -1626, 0.5},
                         {"flat", 0, 0, 0}};
  for (const Known& known : table) {
    const Extremes found = extremes(*make(known.name, 2), -4, 4, 801);
    EXPECT_NEAR(found.min, known.min, known.half_digit + 0.01) << known.name;
    EXPECT_NEAR(found.max, known.max, known.half_digit + 0.01) << known.name;
  }
}

TEST(PopulationBenchmarks, UseBlockMeansOrSumsInThreeDimensions) {
  for (const char* name : {"ishigami", "friedman", "bohachevsky", "rotational"}) {
    EXPECT_EQ(value(name, {0.3, -1.5, 2.5}, 3), value(name, {0.3, 0.5, 0}, 2)) << name;
  }
  for (const char* name : {"styblinski_tang", "flowers", "oakley_ohagan", "wavy_plateau", "relu"}) {
    EXPECT_NEAR(value(name, {0.3, -1.5, 2.5}, 3),
                value(name, {0.3}, 1) + value(name, {-1.5}, 1) + value(name, {2.5}, 1), 1e-12)
        << name;
  }
  EXPECT_NEAR(value("watershed", {1, 2, 3}, 3), (1 + 6 + 2 + 4 * 7) / 10.0, 1e-14);
  EXPECT_NEAR(value("zigzag_ridge", {0, 2, 0}, 3), (4 + 2) + (4 + std::cos(2.0) * 2 + 0), 1e-14);
}

TEST(DoubleWells, HaveTheirMinimaAndBarriers) {
  EXPECT_EQ(value("double_well", {1, 0, 0}, 2, "barrier = 4.0"), 0);
  EXPECT_EQ(value("double_well", {0, 0, 0}, 2, "barrier = 4.0"), 4);
  EXPECT_EQ(value("double_well", {-1, 2, 1}, 3, "stiffness = 3.0"), 7.5);
  EXPECT_EQ(value("radial_double_well", {2, 0, 0}), 0);
  EXPECT_NEAR(value("radial_double_well", {0, 0, 0}), 1.6, 1e-15);
  EXPECT_NEAR(value("tilted_double_well", {2}, 1), 2 - 2 + 0.4, 1e-15);
  EXPECT_EQ(value("folded_bowl", {-7}, 1), 0);
  EXPECT_EQ(value("folded_bowl", {0}, 1), 24.5);
  EXPECT_NEAR(value("rippled_bowl", {0.25}, 1), 1 / M_PI + 0.015625, 1e-15);
  EXPECT_NEAR(value("cosine", {0.5, 1.0, 0}, 2, "period = 2.0\namplitude = 3.0"), -3, 1e-15);
}

TEST(OrnsteinUhlenbeck, IsTheQuadraticForm) {
  const std::string A = "matrix = [2.0, 0.5, 0.5, 1.0]\nmean = [1.0, -1.0]";
  EXPECT_NEAR(value("ornstein_uhlenbeck", {2, 1, 0}, 2, A), 0.5 * (2 + 2 * 0.5 * 2 + 4), 1e-14);
  EXPECT_EQ(value("ornstein_uhlenbeck", {3}, 1, "matrix = 2.0"), 9);
  EXPECT_EQ(value("ornstein_uhlenbeck", {1, 2, 3}, 3), 7);
}

TEST(OrnsteinUhlenbeck, RefusesMatricesWithoutEquilibrium) {
  const auto make_with = [](const std::string& parameters) {
    return [parameters] { (void)make("ornstein_uhlenbeck", 2, parameters); };
  };
  expect_error(make_with("matrix = [1.0, 0.5, 0.2, 1.0]"), {"test.toml:4", "not symmetric"});
  expect_error(make_with("matrix = [1.0, 2.0, 2.0, 1.0]"), {"test.toml:4", "-1", "definite"});
  expect_error(make_with("matrix = [1.0, 0.0, 0.0, 0.0]"), {"positive definite"});
  expect_error(make_with("matrix = [1.0, 0.0, 0.0]"), {"3 numbers", "4"});
  expect_error(make_with("mean = 1.0"), {"mean", "2 axes"});
}

/// int exp(-V) over a square, by the midpoint rule.
double partition(const ExternalEnergy& V, double half, int n) {
  double sum = 0;
  const double h = 2 * half / n;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      sum += std::exp(-value(V, {-half + (i + 0.5) * h, -half + (j + 0.5) * h, 0})) * h * h;
    }
  }
  return sum;
}

TEST(Mixtures, AreNormalisedDensities) {
  EXPECT_NEAR(partition(*make("gaussian_lattice", 2), 8, 256), 1, 1e-10);
  EXPECT_NEAR(partition(*make("gaussian_mixture", 2,
                              "means = [1.0, 0.5, -1.0, 0.0]\nweights = [3.0, 1.0]\n"
                              "covariances = [0.5, 0.2, 0.2, 0.4, 1.0, -0.3, -0.3, 0.5]"),
                        8, 256),
              1, 1e-10);
  EXPECT_NEAR(value("gaussian_mixture", {1.5, 0, 0}, 2, "means = [1.0, 2.0]\nvariances = 0.25"),
              4.25 / 0.5 + std::log(2 * M_PI * 0.25), 1e-13);
  EXPECT_NEAR(value("gaussian_mixture", {0, 0, 0}, 2,
                    "means = [1.0, 0.0, -1.0, 0.0]\nvariances = [1.0, 1.0]\nweights = [9.0, 1.0]"),
              0.5 + std::log(2 * M_PI), 1e-13);
}

TEST(Mixtures, RefuseWhatDoesNotFit) {
  const auto make_with = [](const std::string& parameters) {
    return [parameters] { (void)make("gaussian_mixture", 2, parameters); };
  };
  expect_error(make_with("variances = 1.0"), {"means"});
  expect_error(make_with("means = [1.0, 2.0, 3.0]\nvariances = 1.0"), {"3 numbers"});
  expect_error(make_with("means = [1.0, 2.0]"), {"variances", "covariances"});
  expect_error(make_with("means = [1.0, 2.0]\nvariances = [1.0, 2.0]"),
               {".variances: ", "1 means"});
  expect_error(make_with("means = [1.0, 2.0]\ncovariances = [1.0, 2.0, 2.0, 1.0]"),
               {".covariances: ", "matrix 1", "definite"});
  expect_error(make_with("means = [1.0, 2.0]\ncovariances = [1.0]"), {"take 4"});
  expect_error(make_with("means = [1.0, 2.0]\nvariances = 1.0\nweights = [1.0, 2.0]"),
               {".weights: "});
}

TEST(Planar, KnownValues) {
  EXPECT_NEAR(value("rezende_u1", {2, 0, 0}), -std::log1p(std::exp(-0.5 * 16 / 0.36)), 1e-14);
  EXPECT_NEAR(value("rezende_u2", {1, 0.2, 0}), 0.5 * 4, 1e-13);
  EXPECT_NEAR(value("rezende_u3", {1, 1, 0}), -std::log(1 + std::exp(-0.5 * 9 / 0.1225)), 1e-13);
  EXPECT_NEAR(value("rezende_u4", {1, 1, 0}), -std::log(1 + std::exp(-0.5 * 2.25 / 0.1225)), 1e-13);
  EXPECT_EQ(value("banana", {1, 1, 0}), 0);
  EXPECT_EQ(value("banana", {0, 1, 0}), 5.05);
  EXPECT_NEAR(value("funnel", {2, 3, 0}), 4.0 / 18 + 1 + 4.5 * std::exp(-2.0), 1e-14);
  EXPECT_NEAR(value("funnel", {2, 3, 1}, 3), 4.0 / 18 + 2 + 5 * std::exp(-2.0), 1e-14);
  EXPECT_NEAR(value("wavy_valley", {1, 2, 0}), 0.6 - 0.5, 1e-14);
}

}  // namespace
}  // namespace otto
