#pragma once
// The dynamic transport problem between two densities on a slab, and the alternating direction
// method (ALG2 of Benamou and Brenier) that solves it. docs/distance.md has the mathematics.

#include <memory>
#include <span>
#include <vector>

#include "slab.h"
#include "space_time_poisson.h"

namespace otto {

/// Values of the dual problem at the present phi, as W2^2.
struct DualValues {
  double estimate = 0;  ///< the Lagrangian at phi and the density: no bound, but of second order
  double lower = 0;  ///< the dual function at phi made feasible: a lower bound of the discrete W2^2
};

class BenamouBrenierAdmm {
 public:
  /// Densities at t = 0 and 1 on this rank's planes, of equal mass. Keeps a reference to `slab`.
  /// Starts from their mixture. Collective.
  BenamouBrenierAdmm(const Slab& slab, std::span<const double> a, std::span<const double> b);

  /// Sets r, the penalty, and gamma, the square of a length, without moving density or velocity.
  void set_scales(double r, double gamma);
  void iterate();                         ///< one iteration. Collective
  [[nodiscard]] DualValues dual() const;  ///< after iterate(). Collective
  /// Density at time k/N on this rank's planes (planes x rest).
  [[nodiscard]] std::vector<double> density(std::int64_t k) const;
  /// Derivative of W2^2 per mass in the density at t = 0 or 1, at the present phi (planes x rest).
  [[nodiscard]] std::vector<double> slope(bool at_end) const;

 private:
  using Rows = std::vector<std::vector<double>>;  ///< one row per lower and upper side of each axis

  struct Work;  ///< rows that the sweep over one plane needs

  void sweep();
  void sweep_plane(std::int64_t plane, Work& work);
  void update_level(std::int64_t plane, std::int64_t k, Work& work);
  void close_interval(std::int64_t plane, std::int64_t k, Work& work);
  void add_flux_across_planes();
  void gradient(std::int64_t plane, std::int64_t k, Rows& g) const;
  double* level(std::vector<double>& x, std::int64_t plane, std::int64_t k) {
    return x.data() + (plane * (slab_.intervals + 1) + k) * slab_.rest;
  }
  const double* level(const std::vector<double>& x, std::int64_t plane, std::int64_t k) const {
    return x.data() + (plane * (slab_.intervals + 1) + k) * slab_.rest;
  }

  const Slab& slab_;
  SpaceTimePoisson poisson_;
  double r_ = 1, gamma_ = 1;
  int sides_;                                ///< 2 d
  std::vector<double> phi_, below_, above_;  ///< and its planes on the neighbouring ranks
  std::vector<double> lambda_, qa_;          ///< per cell and time level 0 ... N
  Rows before_, after_;             ///< q_b per side: of level k + 1 and of level k, at interval k
  std::vector<double> low_, high_;  ///< flux parts on the faces across the last axis
};

}  // namespace otto
