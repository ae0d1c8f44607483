#pragma once
// Newton's method of inner_newton.h: what it holds, and its parts. The residuals are in
// inner_residual.cpp, the direction and the search in inner_direction.cpp, starts and the loop in
// inner_newton.cpp.

#include <array>
#include <limits>
#include <span>
#include <vector>

#include "otto/core/reproducible_sum.h"
#include "otto/linear/inner_system.h"
#include "otto/newton/inner_newton.h"
#include "step_barrier.h"

namespace otto {

/// Where an iterate stands.
struct InnerResiduals {
  double optimality = std::numeric_limits<double>::infinity();
  double equations = 0, products = 0;  ///< its parts: of r and g, and of s rho - nu
  double floor = 0;                    ///< of the optimality, from rounding
  double kinetic = 0, gap = 0;
};

struct InnerNewton::Impl {
  Impl(const FreeEnergy& e, const Transport& t, SolverOptions options, int N,
       const NewtonControl& c);

  const FreeEnergy& energy;
  const InternalEnergy& internal;
  const std::vector<double>& weights;  ///< the stage's theta
  Transport transport;
  const Mesh& mesh;
  InnerChain chain;
  InnerSystem system;
  const NewtonControl control;
  StepBarrier barrier;
  InteriorPoint& bounds;  ///< those of the barrier
  double tolerance;
  std::size_t owned;

  const ProximalStep* step = nullptr;
  double mass = 0, mean_density = 0, care = 1;
  double damping = 0;        ///< of the held density
  int spent = 0;             ///< iterations before this start,
  int spent_linear = 0;      ///< and those of CG
  double mark = 0;           ///< optimality when it last fell by inner_gain, or the barrier did,
  int marked = 0;            ///< and the iterations then
  std::vector<double> rho0;  ///< that of the step, with bounds the barrier's
  InnerResiduals now;
  Multipliers multipliers, trial;             ///< of rho_N: of the iterate, and where one is tried
  std::vector<std::array<double, 2>> filter;  ///< with bounds: those of iterates with this nu
  InnerSystem::Fields dphi, drho;
  /// With bounds: an iterate that will do where none is better.
  struct Best {
    bool found = false;
    InnerResiduals residuals;
    InnerSystem::Fields phi, rho;
    Multipliers multipliers;
  } best;
  std::vector<double> p, upper, lower, mean, G, target, r, g, inverse, omega, V, rhs, z, push;
  NewtonReport report;

  [[nodiscard]] std::span<const double> owned_part(const std::vector<double>& v) const {
    return std::span(v).first(owned);
  }

  void begin(const ProximalStep& of);
  void limit_weights(InnerWeights kind, std::span<const double> rho);
  void start(InnerWeights kind, std::span<const double> phi, std::span<const double> rho);
  void start_bounded(std::span<double> rho);

  void external(std::span<const double> rho);
  void moved_phi(std::size_t k, double alpha, std::span<double> to) const;
  void moved_rho(std::size_t k, double alpha, bool whole, std::span<double> to) const;
  void curvature(std::span<const double> rho);
  void end_potential(std::span<const double> rho);
  void end_equation(std::span<const double> rho, const Multipliers& m, ReproducibleSum& products,
                    ReproducibleSum& total);
  void mass_residual(std::span<const double> phi, std::span<const double> before,
                     std::span<const double> after, std::span<double> to, ReproducibleSum* kinetic);
  InnerResiduals residuals(double alpha, bool whole);
  void look();
  void set_mark();

  void linearise();
  bool direction(double rtol);
  [[nodiscard]] bool improves(const InnerResiduals& there, double alpha) const;
  bool search();
  bool search(bool whole);
  [[nodiscard]] double linear_tolerance() const;
  bool try_harder(double rtol);
  [[nodiscard]] bool stands();
  void keep_best();
  void solve_from_here();
  void iterate();
};

}  // namespace otto
