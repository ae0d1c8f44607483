#pragma once
// Internal energies: the local part int U(rho) of the free energy, U convex.
//
//   entropy   kT rho log rho
//   power     rho^m / (m - 1)
//   crowd     0 for rho <= P, else inf
//   vacancies kT (P - rho) log(1 - rho/P)
//
// U is the sum of what the case names. Where U'(0+) is finite or rho is bounded by P, solvers add
// the barrier -nu log rho [- nu log(P - rho)] and let nu go to 0; `nu` below is its coefficient (0:
// none).

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace otto {

class Section;

/// One convex term. Abstract calls take whole arrays and add to them; empty spans are skipped.
class InternalTerm {
 public:
  virtual ~InternalTerm() = default;
  /// Adds U(rho[i]) (its limit at rho = 0).
  virtual void add_value(std::span<const double> rho, std::span<double> U) const = 0;
  /// Adds U'(rho[i]) and U''(rho[i]) for rho > 0; also at rho = 0 where they are finite there.
  virtual void add_derivatives(std::span<const double> rho, std::span<double> first,
                               std::span<double> second) const = 0;
  /// U'(0+): -inf for the entropy and for fast diffusion (m < 1), which keep densities positive.
  [[nodiscard]] virtual double slope_at_zero() const = 0;
  /// Largest admissible density.
  [[nodiscard]] virtual double maximum() const { return std::numeric_limits<double>::infinity(); }
  /// U' is infinite at the maximum.
  [[nodiscard]] virtual bool keeps_below_maximum() const { return false; }
  /// U = c rho^m / (m - 1) with c = factor, m = exponent; factor 0: something else.
  struct Power {
    double factor = 0;    ///< c
    double exponent = 0;  ///< m
  };
  /// This term as a power.
  [[nodiscard]] virtual Power as_power() const { return {}; }
};

/// U: the entropy and any other convex terms.
class InternalEnergy {
 public:
  /// `temperature`: kT of the entropy, 0 without.
  explicit InternalEnergy(double temperature = 0,
                          std::vector<std::unique_ptr<InternalTerm>> others = {});

  [[nodiscard]] double temperature() const { return temperature_; }  ///< kT; 0 without entropy
  /// Nothing but the entropy: Fokker-Planck.
  [[nodiscard]] bool entropy_only() const { return others_.empty(); }
  /// U is not 0 (where finite).
  [[nodiscard]] bool has_slope() const;
  /// U'(0+) = -inf: densities stay positive without a barrier.
  [[nodiscard]] bool keeps_positive() const;
  /// Smallest bound of the terms; inf without one.
  [[nodiscard]] double maximum() const;

  /// U' is infinite at `maximum()`: densities stay below it.
  [[nodiscard]] bool keeps_below_maximum() const;

  /// U'(0+), without a barrier.
  [[nodiscard]] double slope_at_zero() const;

  /// U[i] = U(rho[i]); +inf above `maximum()` (by more than rounding).
  void value(std::span<const double> rho, std::span<double> U) const;
  /// U' and U'' with the barrier -nu log rho [- nu log(P - rho) where there is a maximum]. Empty
  /// spans are skipped.
  void derivatives(std::span<const double> rho, double nu, std::span<double> first,
                   std::span<double> second) const;
  /// The density of the chemical potential z: rho = argmax_r (z r - U_nu(r)), the inverse of U_nu',
  /// to 1e-14 relative; with nu = 0 it is 0 where z <= U'(0+) and `maximum()` where z is beyond
  /// U'(maximum). +inf where there is none (fast diffusion, z >= 0).
  void density(std::span<const double> z, double nu, std::span<double> rho) const;

 private:
  bool closed_form(std::span<const double> z, double nu, std::span<double> rho) const;
  [[nodiscard]] double first_guess(double z, double nu) const;

  double temperature_;
  std::vector<std::unique_ptr<InternalTerm>> others_;
};

/// One kind of internal term, chosen by `kind = "name"` in an [[energy]] table.
struct InternalEntry {
  std::string kind;      ///< as written in the case
  std::string doc;       ///< one sentence
  std::string equation;  ///< U, plain text
  std::function<std::unique_ptr<InternalTerm>(const Section& term)> make;  ///< throws InputError
  std::string example;  ///< lines of an [[energy]] table that show its parameters
};
/// Registers a kind and declares it as a choice of `energy.kind`: at namespace scope in the .cpp
/// that holds its formula and declares its parameters.
struct RegisterInternal {
  /// `entry.kind` is one that no other entry has.
  explicit RegisterInternal(InternalEntry entry);
};
/// All of them, by kind; the entropy is not among them.
const std::vector<InternalEntry>& internal_kinds();

}  // namespace otto
