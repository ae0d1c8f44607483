#pragma once
// Newton's method of proximal_newton.h: what it holds, and its parts. The residuals are in
// proximal_residual.cpp, the starts in proximal_start.cpp, the direction and the search in
// proximal_direction.cpp, bounds in proximal_bounds.cpp, and the loop in proximal_newton.cpp.

#include <array>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "euler_guess.h"
#include "interior_point.h"
#include "otto/core/reproducible_sum.h"
#include "otto/linear/coupled_system.h"
#include "otto/linear/patch_system.h"
#include "otto/newton/proximal_newton.h"
#include "step_barrier.h"

namespace otto {

/// One pair (phi, rho) with its residuals.
struct Iterate {
  std::vector<double> phi, rho;          ///< owned + ghosts
  std::vector<double> G, r, g, inverse;  ///< owned; inverse = 1/C, g with the push of the bounds
  std::span<const double> V;             ///< owned; that of the step, or
  std::vector<double> with_interaction;  ///< V + W * rho
  std::vector<double> error;             ///< owned: what the cell leaves of its equations
  Multipliers multipliers;
  double optimality = std::numeric_limits<double>::infinity();
  double equations = 0, products = 0;  ///< its parts: of r and g, and of s rho - nu
  double floor = 0;                    ///< of the optimality, from rounding
  double kinetic = 0, gap = 0;
};

/// This rank's sums over cells of an iterate.
struct ResidualSums {
  std::array<ReproducibleSum, 2> errors;  ///< of the equations, and the sizes of their terms
  ReproducibleSum kinetic, total, products;
};

/// Problems that lead to that of the step, at x = 1.
enum class Path {
  heat,  ///< U / x in place of U: with an entropy the temperature kT / x
  time,  ///< x tau in place of tau
};

struct ProximalNewton::Impl {
  Impl(const FreeEnergy& e, const Transport& t, SolverOptions options, const NewtonControl& c);

  const FreeEnergy& energy;
  const InternalEnergy& internal;
  const Transport& transport;
  const Mesh& mesh;
  const NewtonControl control;
  StepBarrier barrier;
  InteriorPoint& bounds;  ///< those of the barrier
  ProximalSystem system;
  PatchSystem patch;
  std::unique_ptr<CoupledSystem> coupled;  ///< with an interaction or stiff bounds
  std::unique_ptr<EulerGuess> euler;       ///< with an entropy
  double tolerance;                        ///< of the step
  double aim;                              ///< of what is being solved, on the way to it
  std::size_t owned, local, faces;

  ProximalStep step;
  std::vector<double> rho0;  ///< that of the step, nowhere below `empty`, with bounds the barrier's
  double volume = 0;         ///< of the mesh
  double mass = 0;
  double empty = 0;           ///< a density that is none
  double opening = 0;         ///< optimality of the first iterate from this start
  double min_optimality = 0;  ///< since then
  double care = 1;            ///< factor on the tolerance of linear solves
  double damping = 0;         ///< of the held density
  bool warm = false;          ///< started from a guess of phi
  bool upwind = false;        ///< the weights
  bool on_patch = false;      ///< the search is along a direction of patches
  int spent = 0;              ///< iterations before this start
  Iterate now, trial, other;
  std::vector<double> left, right, conductance, mean, field, omega, rhs, dphi, drho, z, push;
  std::vector<std::array<double, 2>> filter;  ///< with bounds: those of iterates with this nu
  /// With bounds: the iterate from which the barrier fell last.
  struct OnPath {
    double fraction = 0;  ///< the barrier then; 0: there is none
    double opening = 0;   ///< its optimality with the barrier that followed
    std::vector<double> phi, rho;
    Multipliers multipliers;
  } on_path;
  NewtonReport report;

  /// Bounds can make rho stiff by orders of magnitude more in one cell than in the next.
  [[nodiscard]] bool stiff() const { return bounds.above() || !internal.has_slope(); }
  [[nodiscard]] double mean_density() const { return mass / volume; }
  [[nodiscard]] std::span<const double> owned_part(const std::vector<double>& v) const {
    return std::span(v).first(owned);
  }

  void potential(Iterate& it);
  void external(Iterate& it);
  void find_density(Iterate& it, std::span<const double> V);
  void continuity(Iterate& it, ReproducibleSum* kinetic = nullptr);
  void residuals(Iterate& it);
  [[nodiscard]] double energy_excess() const;
  void residuals(Iterate& it, std::size_t begin, std::size_t n, ResidualSums& sums);

  [[nodiscard]] double rest_rounding(double slope, double V, double top) const;
  [[nodiscard]] bool clearly_moves(double top) const;
  [[nodiscard]] double rest_level() const;
  [[nodiscard]] bool at_rest();
  void start_from_density();
  bool start_warm(const std::vector<double>& phi);
  [[nodiscard]] double guess_temperature() const;
  void set_euler_potential();
  void raise_tails();
  void start_euler();
  void start_below(double top, std::span<const char> shut);
  void add_other_slopes(std::span<double> V);
  void start_unmoved();

  void start_bounded(const std::vector<double>& phi, bool cold);
  void start_bounded_warm();
  bool solve_bounded(const std::vector<double>& phi);
  void set_barrier_fraction(double to);
  void lower_barrier_fraction();
  [[nodiscard]] bool strays(double before) const;
  bool return_to_path();

  bool direction(double rtol);
  [[nodiscard]] ProximalCoefficients linearise();
  [[nodiscard]] double patch_threshold() const;
  void grow_patch(std::vector<double>& in);
  [[nodiscard]] bool patch_direction();
  void iterate_patches();
  [[nodiscard]] double held() const;
  [[nodiscard]] int max_linear() const {
    const bool all = bounds.bounded() || coupled || (report.followed_path && care < 1);
    return all ? control.max_linear : control.max_linear_single;
  }
  SolveReport solve_coupled(const ProximalCoefficients& c, double rtol);
  SolveReport solve_single(const ProximalCoefficients& c, double rtol);
  bool search();
  bool search(bool whole);
  [[nodiscard]] double optimality_as_now() const;
  [[nodiscard]] bool improves(double alpha) const;
  void move_entropy(double alpha);
  void move_density(double alpha, bool whole);
  void try_step(double alpha, bool whole);
  void try_dual_density();
  [[nodiscard]] double linear_tolerance() const;
  [[nodiscard]] bool slow(double before) const;
  [[nodiscard]] bool stalled_near_goal() const;
  [[nodiscard]] int max_iterations() const;
  void adjust_care(double rtol, double before);
  bool try_harder(double rtol);

  bool iterate();
  void begin_iteration();
  void solve_from(const std::vector<double>& phi);
  void set_path(Path path, double x, const ProximalStep& whole, std::vector<double>& V);
  void follow_path(Path path);
};

}  // namespace otto
