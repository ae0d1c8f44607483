#pragma once
// Two-point fluxes. Through a face with transmissibility a, from left (K) to right (L),
//
//   F = a kT [ B(s) rho_K - B(-s) rho_L ],     s = (V_L - V_K) / kT,
//
// and a flux is a choice of B with B(0) = 1. Where B(-s) = e^s B(s), the Gibbs state
// pi = exp(-V/kT) is at rest and the generator is self-adjoint in L2(1/pi).

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace otto {

/// A choice of B.
class TwoPointFlux {
 public:
  virtual ~TwoPointFlux() = default;
  /// forward[f] = B(s[f]), backward[f] = B(-s[f]); finite for every finite s.
  virtual void weights(std::span<const double> s, std::span<double> forward,
                       std::span<double> backward) const = 0;
  /// d_forward[f] = B'(s[f]), d_backward[f] = d/ds B(-s) = -B'(-s[f]); at a corner of B the slope of one side.
  virtual void derivatives(std::span<const double> s, std::span<double> d_forward,
                           std::span<double> d_backward) const = 0;
  /// The generator adds to the weights what the density allows (operators/flux_limiter.h).
  [[nodiscard]] virtual bool limited() const = 0;
  /// B(-s) = e^s B(s).
  [[nodiscard]] virtual bool detailed_balance() const = 0;
  /// B >= 0 for all s: implicit Euler keeps densities non-negative.
  [[nodiscard]] virtual bool monotone() const = 0;
  /// In the width of the cells. Of 4: the weights are those of its centred part, and the generator
  /// adds what operators/fourth_order.h says.
  [[nodiscard]] virtual int order() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;  ///< that `flux.kind` chooses it by
};

/// Registers a flux and declares it as a choice of `flux.kind`. One at namespace scope per file.
struct RegisterFlux {
  /// `doc`: one sentence; `equation`: B, plain text.
  RegisterFlux(std::unique_ptr<const TwoPointFlux> flux, const std::string& doc,
               const std::string& equation);
};

/// The value of `flux.kind` that stands for whole gradients (operators/simplex_flux.h) instead of a
/// two-point flux.
inline constexpr const char* flux_on_simplices = "simplex";

/// The value of `flux.kind` that stands for fluxes of order 4 (operators/fourth_order.h).
inline constexpr const char* flux_of_fourth_order = "fourth_order";

/// The value of `flux.kind` that stands for Scharfetter-Gummel with a limiter (operators/flux_limiter.h).
inline constexpr const char* flux_with_limiter = "limited";

/// The flux of that name; throws InternalError for an unknown one (the case reader checked it). For
/// `flux_on_simplices` the default, of which nothing but V is used then.
const TwoPointFlux& find_flux(const std::string& name);
/// All registered ones by name, for tests and documentation.
std::vector<const TwoPointFlux*> all_fluxes();

/// B(s) = s / (e^s - 1), to 4 ulp for every double.
double bernoulli(double s);
/// B'(s) of the same, from B = bernoulli(s): B' = B (1 - B(-s)) / s with B(-s) = B + s, a series near 0.
double bernoulli_derivative(double s, double B);

}  // namespace otto
