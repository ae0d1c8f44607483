#pragma once
// The bounds of one proximal step (interior_point.h) and the path on which their barrier falls: with
// nu = b rho_mean E, E an energy per mass of the step's order, b falls to barrier_last, and rho0 gets
// as much in empty cells as b puts there,
//
//   rho0 = (base + b rho_mean filling) / (1 + b mean(filling)).

#include <span>
#include <vector>

#include "interior_point.h"
#include "otto/newton/proximal_newton.h"

namespace otto {

/// Fields are owned + ghosts unless said otherwise.
class StepBarrier {
 public:
  /// Keeps references.
  StepBarrier(const FreeEnergy& energy, const Mesh& mesh, const NewtonControl& control);

  InteriorPoint bounds;

  /// A step of that mass from `base`; `joint`: V + W * base, owned. Collective.
  void begin(const ProximalStep& step, std::span<const double> base, std::span<const double> joint,
             double mass);
  [[nodiscard]] const std::vector<double>& base() const { return base_; }
  /// The largest phi that a cold start may guess in empty cells: no mass is sent from the top of an
  /// obstacle.
  [[nodiscard]] double highest_guess() const { return highest_guess_; }
  /// The first b of a path, and with it rho0.
  void set(double fraction, std::span<double> rho0);
  /// Lowers b where an iterate of this optimality is close to its path; `near`: it started near the
  /// path's end. False: it stays.
  bool lower(double optimality, bool near, std::span<double> rho0);
  /// Back to an earlier b, from which the present one was too far: from now on b falls by the root of
  /// that factor at most, and from iterates that are ten times as close. False: that factor was small
  /// already.
  bool retreat(double fraction, std::span<double> rho0);
  /// b is as small as it gets, or there are no bounds.
  [[nodiscard]] bool ended() const { return fraction_ <= control_.barrier_last; }
  [[nodiscard]] double fraction() const { return fraction_; }
  [[nodiscard]] double scale() const { return scale_; }  ///< E; 1 without bounds
  /// What of a residual of the chemical potential counts at most as density: rho_mean / E.
  [[nodiscard]] double softest() const;
  /// The final density (owned + ghosts): cells that are all but empty are, and the mass is right to
  /// rounding. A crowd may have no room elsewhere for what they held. Collective.
  void sharpen(const Multipliers& multipliers, std::span<double> rho) const;
  /// What filling rho0 cost in V (owned). Collective.
  [[nodiscard]] double filling_cost(std::span<const double> rho0, std::span<const double> V) const;

 private:
  [[nodiscard]] double energy_per_mass(const ProximalStep& step,
                                       std::span<const double> joint) const;
  void weigh_filling(std::span<const double> V);
  void put(double fraction, std::span<double> rho0);
  void fill(std::span<double> rho) const;

  const InternalEnergy& internal_;
  const Mesh& mesh_;
  const NewtonControl& control_;
  double volume_;  ///< of the mesh
  double mass_ = 0, mean_density_ = 0;
  double fraction_ = 0;          ///< b,
  double min_factor_ = 0;        ///< and the least factor on it, more than 0 after a retreat
  double scale_ = 1;             ///< E
  std::vector<double> base_;     ///< rho0 of the step
  std::vector<double> filling_;  ///< weights of what the barrier adds to it, and
  double filled_ = 1;            ///< their mean
  double highest_guess_ = 0;
};

}  // namespace otto
