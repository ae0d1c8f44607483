#pragma once
// Continues the geodesic of the discrete Wasserstein distance from rho_p at t - tau through rho at
// t to t + s. A geodesic is d_t rho = -M^-1 L(rho) ... with the sign of operators/transport.h
//
//   M d_t rho = -L(rho) psi,      d_t psi = 1/2 |grad psi|^2,
//
// midpoints of both intervals make every piece second order:
//
//   tau L((rho_p + rho)/2) psi = M (rho_p - rho)                  psi at t - tau/2
//   psi_e = G(psi), of length (tau + s)/2                         psi at t + s/2
//   M rho_e = M rho - s L(rho + s/(2 tau) (rho - rho_p)) psi_e.
//
// (After Gallouet, Natale, Todeschi, arXiv 2209.14622, whose extrapolations are other ones.) Where
// rho_e would be less than a tenth of rho the positive form of linear/positive_transport.h is taken.
//
// Where that form would be most of the motion (beside jumps of the density), and where the geodesic
// crosses more cells than it sees (a door), the straight line is taken,
//
//   rho_e = rho + s/tau (rho - rho_p),
//
// if it is a density: mass that leaves a place for good is not on the line, but ahead of it.
//
// psi is phi + delta with phi the potential of the last proximal step, which is psi but for O(tau):
// (Omega + tau L) delta = rest, Omega small enough to change nothing but the constant and the cells
// without mass, where psi means nothing and phi is kept.

#include <span>
#include <string>
#include <vector>

#include "close_cells.h"
#include "otto/linear/positive_transport.h"
#include "otto/linear/proximal_system.h"
#include "otto/time/stepper.h"

namespace otto {

struct GeodesicOptions {
  double gauge = 1e-5;   ///< Omega against tau L, over the whole domain: fixes the constant alone
  double vacuum = 1e-9;  ///< density, over the mean, below which psi means nothing and phi is kept
  /// Of the solve for delta = O(tau), at most this, and so many times solver.rtol: what it leaves is
  /// as small a part of a step's change as the error of second order is.
  double rtol = 1e-4, rtol_factor = 1e4;
  double settled =
      1e-8;  ///< of the mass: the rest from which delta is 0, ten times what a step leaves
  /// Of |rho_e - line| over |line - rho|, in units of 1 + tau/s: mass that moves on, however far,
  /// makes no more. Beyond it the geodesic crosses more cells than it sees.
  double max_bend = 1;
  /// Part of |line - rho| by which rho_e may fall below min_factor rho and be raised: beyond it the
  /// positive form is no small correction.
  double max_raised = 0.3;
  /// The same of the line. Mass that leaves a place for good makes 1/2, mass that spreads next to
  /// nothing.
  double max_raised_line = 0.1;
  double min_factor = 0.1;  ///< rho_e over rho, below which the positive form is taken
};

class GeodesicExtrapolation {
 public:
  /// Keeps references to `transport` and `mover`. Collective.
  GeodesicExtrapolation(const Transport& transport, PositiveTransport& mover, SolverOptions solver,
                        const GeodesicOptions& options = {});

  struct Points {
    std::span<const double> before, now;  ///< rho_p, rho
    double tau = 0, s = 0;
  };
  /// rho_e, from the potential `phi`; all owned + ghosts. Returns "", or why there is none.
  /// Collective.
  [[nodiscard]] std::string find(StepReport& report, const Points& points,
                                 std::span<const double> phi, std::vector<double>& rho);

 private:
  [[nodiscard]] std::string find_potential(StepReport& report, const Points& points,
                                           std::span<const double> phi);
  [[nodiscard]] bool solves(const Points& points) const;
  void set_omega(double tau);
  /// Shares of the mass.
  struct Shape {
    double moved;        ///< |line - now|
    double bend;         ///< |rho - line|
    double raised;       ///< of rho to min_factor now,
    double raised_line;  ///< and of the line
  };
  [[nodiscard]] Shape shape(const Points& points, std::span<const double> rho) const;
  void straight(const Points& points, std::span<double> rho) const;

  const Transport& transport_;
  const Mesh& mesh_;
  PositiveTransport& mover_;
  CloseCells close_;
  GeodesicOptions options_;
  ProximalSystem system_;
  std::vector<double> mean_, psi_, later_;   // owned + ghosts
  std::vector<double> omega_, rhs_, delta_;  // owned
  std::vector<double> conductance_, slope_;  // per face; slope_ = 0
  double inverse_square_ = 0;                // of the size of the domain
};

}  // namespace otto
