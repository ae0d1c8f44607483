// Crowd motion: densities up to P cost nothing, larger ones are impossible,
//
//   U = 0 for rho <= P, +inf above.
//
// U' is 0 below P and any pressure >= 0 at P: solvers find the pressure, by a barrier or as a
// complementarity. (Maury, Roudneff-Chupin, Santambrogio, "A macroscopic crowd motion model of
// gradient flow type", 2010.)

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/energy/internal.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.maximum",
                     .doc = "Largest density P of the crowd.",
                     .required = true,
                     .range = positive,
                     .when = "kind=crowd",
                     .equation = "rho <= P"}}};

class Crowd final : public InternalTerm {
 public:
  explicit Crowd(double maximum) : maximum_(maximum) {}
  void add_value(std::span<const double>, std::span<double>) const override {}  // bounded elsewhere
  void add_derivatives(std::span<const double>, std::span<double>,
                       std::span<double>) const override {}
  [[nodiscard]] double slope_at_zero() const override { return 0; }
  [[nodiscard]] double maximum() const override { return maximum_; }

 private:
  double maximum_;
};

const RegisterInternal crowd{
    {.kind = "crowd",
     .doc = "Crowd motion: no density above the maximum.",
     .equation = "rho <= P",
     .make = [](const Section& term) { return std::make_unique<Crowd>(term.real("maximum")); },
     .example = "maximum = 2.0"}};

}  // namespace

}  // namespace otto
