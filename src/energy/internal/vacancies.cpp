// The entropy of the vacancies of a lattice gas, of which P - rho are left:
//
//   U = kT (P - rho) log(1 - rho/P),   U' = -kT (log(1 - rho/P) + 1),   U'' = kT / (P - rho).
//
// With an entropy of the same temperature it is that of mixing, and the equilibrium Fermi's and Dirac's,
//
//   kT log(rho / (P - rho)) + V = const,   rho = P / (1 + exp((V - mu)/kT)).
//
// U'(P-) is infinite: densities stay below P.

#include <cmath>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/energy/internal.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.maximum",
                     .doc = "Density P at which no vacancy is left.",
                     .required = true,
                     .range = positive,
                     .when = "kind=vacancies",
                     .equation = "kT int (P - rho) log(1 - rho/P)"},
                    {.path = "energy.temperature",
                     .type = Type::real_or_text,
                     .doc = "Temperature kT of the vacancies, usually that of the entropy.",
                     .required = true,
                     .range = positive,
                     .when = "kind=vacancies",
                     .equation = "kT int (P - rho) log(1 - rho/P)"}}};

class Vacancies final : public InternalTerm {
 public:
  Vacancies(double kT, double maximum) : kT_(kT), P_(maximum) {}

  void add_value(std::span<const double> rho, std::span<double> U) const override {
    for (std::size_t i = 0; i < U.size(); ++i) {
      if (!(rho[i] >= P_)) U[i] += kT_ * (P_ - rho[i]) * std::log1p(-rho[i] / P_);
    }
  }
  void add_derivatives(std::span<const double> rho, std::span<double> first,
                       std::span<double> second) const override {
    for (std::size_t i = 0; i < first.size(); ++i) {
      first[i] -= kT_ * (std::log1p(-std::min(1.0, rho[i] / P_)) + 1);
    }
    for (std::size_t i = 0; i < second.size(); ++i) second[i] += kT_ / std::max(0.0, P_ - rho[i]);
  }
  [[nodiscard]] double slope_at_zero() const override { return -kT_; }
  [[nodiscard]] double maximum() const override { return P_; }
  [[nodiscard]] bool keeps_below_maximum() const override { return true; }

 private:
  double kT_, P_;
};

const RegisterInternal vacancies{
    {.kind = "vacancies",
     .doc = "Entropy of the vacancies of a lattice gas: with an entropy that of mixing.",
     .equation = "kT int (P - rho) log(1 - rho/P)",
     .make =
         [](const Section& term) {
           return std::make_unique<Vacancies>(term.real("temperature"), term.real("maximum"));
         },
     .example = "maximum = 2.0\ntemperature = 1.0"}};

}  // namespace

}  // namespace otto
