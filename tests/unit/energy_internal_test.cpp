// Internal energies: every kind that is registered, and sums of them, against their own calculus.
// U' and U'' are the derivatives of U (Taylor slopes), `density` is the inverse of U'.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "energy_support.h"
#include "otto/energy/internal.h"

namespace otto {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::unique_ptr<InternalTerm> term_of(const std::string& kind, const std::string& lines) {
  const Case c = case_of("[[energy]]\nkind = \"" + kind + "\"\n" + lines + "\n");
  for (const InternalEntry& entry : internal_kinds()) {
    if (entry.kind == kind) return entry.make(c.sections("energy")[0]);
  }
  throw std::runtime_error(kind);
}

struct Named {
  std::string name;
  InternalEnergy energy;
};

InternalEnergy sum(double kT, std::vector<std::pair<std::string, std::string>> terms) {
  std::vector<std::unique_ptr<InternalTerm>> others;
  for (const auto& [kind, lines] : terms) others.push_back(term_of(kind, lines));
  return InternalEnergy(kT, std::move(others));
}

/// Every registered kind with its example, the entropy, and sums.
std::vector<Named> all_energies() {
  std::vector<Named> all;
  all.push_back({"entropy", InternalEnergy(0.7)});
  for (const InternalEntry& entry : internal_kinds()) {
    all.push_back({entry.kind, sum(0, {{entry.kind, entry.example}})});
    all.push_back({"entropy + " + entry.kind, sum(0.7, {{entry.kind, entry.example}})});
  }
  for (const char* m : {"0.5", "1.5", "3.0", "4.7"}) {
    const std::string exponent = std::string("exponent = ") + m;
    all.push_back({"power " + exponent, sum(0, {{"power", exponent + "\nstrength = 0.3"}})});
    all.push_back({"entropy + power " + exponent, sum(0.2, {{"power", exponent}})});
    all.push_back(
        {"power + crowd " + exponent, sum(0, {{"power", exponent}, {"crowd", "maximum = 2.0"}})});
  }
  all.push_back({"two powers", sum(0, {{"power", "exponent = 2.0"}, {"power", "exponent = 3.0"}})});
  all.push_back({"nothing", InternalEnergy()});
  return all;
}

double at(const InternalEnergy& e, double rho, double nu, int derivative) {
  double value = 0;
  const std::span<double> out(&value, 1);
  const std::span<const double> in(&rho, 1);
  if (derivative == 0) e.value(in, out);
  if (derivative == 1) e.derivatives(in, nu, out, {});
  if (derivative == 2) e.derivatives(in, nu, {}, out);
  return value;
}

double density(const InternalEnergy& e, double z, double nu) {
  double rho = 0;
  e.density(std::span<const double>(&z, 1), nu, std::span<double>(&rho, 1));
  return rho;
}

/// Slope of log |f(r + h) - f(r) - h f'(r)| between h and h/2; not where f is linear to rounding,
/// nor so close to an inflection point that the third derivative counts.
void expect_taylor(const std::string& name, const std::function<double(double)>& f, double slope,
                   double r) {
  const double h = 2e-3 * r;
  const auto rest = [&](double step) { return f(r + step) - f(r) - step * slope; };
  const double size = std::abs(f(r)) + std::abs(h * slope);
  if (std::abs(rest(h / 2)) <= 1e-10 * size) return;
  if (std::abs(rest(h) - rest(-h)) > 0.05 * std::abs(rest(h) + rest(-h))) return;
  EXPECT_NEAR(std::log2(rest(h) / rest(h / 2)), 2, 0.05) << name << " at " << r;
}

TEST(InternalEnergy, DerivativesHaveTaylorSlopeTwo) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> logarithm(-4, 0.6);
  for (const auto& [name, e] : all_energies()) {
    for (int i = 0; i < 100; ++i) {
      const double r = std::exp(logarithm(random)), nu = i % 2 ? 0.01 : 0;
      if (nu == 0) {
        expect_taylor(
            name + " U", [&, &e = e](double x) { return at(e, x, 0, 0); }, at(e, r, 0, 1), r);
      }
      expect_taylor(
          name + " U'", [&, &e = e](double x) { return at(e, x, nu, 1); }, at(e, r, nu, 2), r);
    }
  }
}

TEST(InternalEnergy, DensityIsTheInverseOfTheSlope) {
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> logarithm(-12, 0.69), barrier(-20, 0);
  const double epsilon = std::numeric_limits<double>::epsilon();
  for (const auto& [name, e] : all_energies()) {
    for (int i = 0; i < 300; ++i) {
      const double r = std::exp(logarithm(random)), nu = i % 3 ? std::exp(barrier(random)) : 0;
      const double z = at(e, r, nu, 1);
      if (nu == 0 && at(e, r, nu, 2) == 0) continue;  // crowd, nothing: no inverse
      // rounding of z itself moves the density by |z| eps / (rho U'') of it
      const double sensitivity =
          (std::abs(z) + (nu > 0 ? nu / r : 0) + 2) * epsilon / (r * at(e, r, nu, 2));
      EXPECT_NEAR(density(e, z, nu) / r, 1, 1e-14 + 4 * sensitivity)
          << name << " rho " << r << " nu " << nu << " z " << z;
    }
  }
}

TEST(InternalEnergy, DensityAtItsLimits) {
  const InternalEnergy porous = sum(0, {{"power", "exponent = 3.0"}});
  EXPECT_EQ(density(porous, -1, 0), 0);
  EXPECT_EQ(density(porous, 0, 0), 0);
  EXPECT_NEAR(density(porous, 6, 0), 2, 1e-15);
  const InternalEnergy fast = sum(0, {{"power", "exponent = 0.5"}});
  EXPECT_EQ(density(fast, 0.1, 0), infinity);
  EXPECT_EQ(density(fast, 0, 0), infinity);
  EXPECT_NEAR(density(fast, -2, 0), 0.25, 1e-15);  // U' = -rho^(-1/2)
  const InternalEnergy crowd = sum(0, {{"crowd", "maximum = 2.0"}});
  EXPECT_EQ(density(crowd, -1, 0), 0);
  EXPECT_EQ(density(crowd, 1, 0), 2);
  EXPECT_EQ(density(crowd, 0, 1e-3), 1);
  EXPECT_NEAR(density(crowd, -1e3, 1e-8) / 1e-11, 1, 1e-9);
  EXPECT_NEAR((2 - density(crowd, 1e3, 1e-5)) / 1e-8, 1, 1e-6);
  const InternalEnergy soft = sum(0.5, {{"crowd", "maximum = 2.0"}});
  EXPECT_EQ(density(soft, 100, 0), 2);
  EXPECT_NEAR(density(soft, 0.5, 0), 1, 1e-14);
  EXPECT_GT(density(soft, -300, 0), 0);
  const InternalEnergy mixed = sum(0.5, {{"power", "exponent = 2.0"}});
  EXPECT_NEAR(density(mixed, -50, 0) / std::exp(-101), 1, 1e-13);
  EXPECT_NEAR(density(mixed, 1e8, 0) / (0.5e8 - 0.25 * (1 + std::log(0.5e8))), 1, 1e-14);
  for (const auto& [name, e] : all_energies()) {
    EXPECT_TRUE(std::isnan(density(e, NAN, 0))) << name;
    EXPECT_TRUE(std::isnan(density(e, NAN, 1e-3))) << name;
    EXPECT_TRUE(std::isnan(at(e, NAN, 0, 0)) || name == "crowd" || name == "nothing") << name;
  }
}

TEST(InternalEnergy, DensityIsMonotone) {
  for (const auto& [name, e] : all_energies()) {
    for (const double nu : {1e-12, 1e-6, 1e-2}) {
      double before = 0;
      for (double z = -60; z <= 60; z += 0.37) {
        const double now = density(e, z, nu);
        EXPECT_GE(now, before * (1 - 1e-14)) << name << " " << nu << " " << z;
        EXPECT_LE(now, e.maximum()) << name;
        before = now;
      }
    }
  }
}

TEST(InternalEnergy, ValuesAtTheEdges) {
  EXPECT_EQ(at(InternalEnergy(1), 0, 0, 0), 0);
  const InternalEnergy crowd = sum(0, {{"crowd", "maximum = 2.0"}});
  EXPECT_EQ(at(crowd, 2, 0, 0), 0);
  EXPECT_EQ(at(crowd, 2.1, 0, 0), infinity);
  EXPECT_EQ(at(sum(0, {{"power", "exponent = 0.5"}}), 0, 0, 0), 0);
  EXPECT_EQ(at(sum(0, {{"power", "exponent = 2.0"}}), 0, 0, 1), 0);
}

}  // namespace
}  // namespace otto
