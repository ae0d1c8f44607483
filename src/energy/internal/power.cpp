// The power law of porous media (m > 1) and of fast diffusion (0 < m < 1):
//
//   U = c rho^m / (m - 1),   U' = c m/(m - 1) rho^(m-1),   U'' = c m rho^(m-2);
//
// its gradient flow is d_t rho = c Laplacian rho^m. U'(0+) is 0 for m > 1, where densities may have
// compact support, and -inf for m < 1. For m = 2 and 3 products replace the powers.
// (Otto, "The geometry of dissipative evolution equations", 2001; Vazquez, "The Porous Medium
// Equation", 2007.)

#include <cmath>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/energy/internal.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.exponent",
                     .doc = "Exponent m > 0 of the power law, not 1; of a kernel, its p.",
                     .when = "kind=power|interaction",
                     .equation = "int rho^m / (m - 1); W = r^p / p"},
                    {.path = "energy.strength",
                     .doc = "Factor by which the term is multiplied.",
                     .fallback = "1.0",
                     .when = "kind=power",
                     .equation = "strength int rho^m / (m - 1)"}}};

class PowerLaw final : public InternalTerm {
 public:
  PowerLaw(double factor, double exponent) : c_(factor), m_(exponent) {}

  void add_value(std::span<const double> rho, std::span<double> U) const override {
    const double scale = c_ / (m_ - 1);
    for (std::size_t i = 0; i < U.size(); ++i)
      U[i] += scale * (m_ < 1 ? std::pow(rho[i], m_) : rho[i] * lower(rho[i]));
  }

  void add_derivatives(std::span<const double> rho, std::span<double> first,
                       std::span<double> second) const override {
    const double scale = c_ * m_ / (m_ - 1);
    for (std::size_t i = 0; i < first.size(); ++i) first[i] += scale * lower(rho[i]);
    if (m_ == 2) {
      for (double& s : second) s += 2 * c_;
    } else if (m_ == 3) {
      for (std::size_t i = 0; i < second.size(); ++i) second[i] += 3 * c_ * rho[i];
    } else {
      for (std::size_t i = 0; i < second.size(); ++i) {
        second[i] += c_ * m_ * std::pow(rho[i], m_ - 2);
      }
    }
  }

  [[nodiscard]] double slope_at_zero() const override {
    return m_ > 1 ? 0 : -std::numeric_limits<double>::infinity();
  }
  [[nodiscard]] Power as_power() const override { return {c_, m_}; }

 private:
  /// rho^(m-1)
  [[nodiscard]] double lower(double rho) const {
    if (m_ == 2) return rho;
    if (m_ == 3) return rho * rho;
    return std::pow(rho, m_ - 1);
  }

  double c_, m_;
};

std::unique_ptr<InternalTerm> make_power(const Section& term) {
  const double m = term.real("exponent"), strength = term.real("strength");
  if (!(m > 0)) term.fail("exponent", "the exponent of the power law must be greater than 0");
  if (m == 1) {
    term.fail("exponent",
              "rho^m/(m - 1) has no meaning for m = 1; its limit is the entropy: write "
              "kind = \"entropy\", temperature = 1.0");
  }
  if (!(strength > 0)) term.fail("strength", "the power law must be convex: strength > 0");
  return std::make_unique<PowerLaw>(strength, m);
}

const RegisterInternal power{{.kind = "power",
                              .doc = "The power law of porous media (m > 1) and fast diffusion "
                                     "(m < 1).",
                              .equation = "int rho^m / (m - 1)",
                              .make = make_power,
                              .example = "exponent = 2.0"}};

}  // namespace

}  // namespace otto
