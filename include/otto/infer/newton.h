#pragma once
// Gauss-Newton for the objective: steps by preconditioned conjugate gradients with products of
// Fisher's information, halved until the objective has decreased as far as Armijo asks. A limited
// flux's ratios are frozen while a step is searched and refreshed after it (a second step with the same ratios
// gains little, since the next ratios move V by more); the iteration
// ends when a step promises less than `tolerance` of the objective and the last refresh has moved V by
// less than `tolerance` of itself, or refreshes do not settle: the ratios
// stay then, and J is known to what the last refresh changed it by and no better, so that two steps in a row that lower it by
// less than that (at most `max_noise` of it, at least `tolerance`) end it as well. The preconditioner is that of potential_pencil.h for V, from which w and log kT, which are few,
// are eliminated (elimination.h).

#include <array>
#include <string>
#include <vector>

#include "otto/core/archive.h"
#include "otto/infer/conjugate_gradients.h"
#include "otto/infer/elimination.h"
#include "otto/infer/objective.h"
#include "otto/infer/potential_pencil.h"

namespace otto {

struct GaussNewtonOptions {
  double eta = 0.1;         ///< of the CG residual, in the norm of P^-1, in Newton steps
  int max_cg = 100;         ///< of one step: more would be better spent at a new V
  double armijo = 1e-4;     ///< of the decrease the slope promises
  int max_halvings = 12;    ///< of one step
  double max_log_kT = 0.3;  ///< change of log kT in one step
  int refresh_every = 1;    ///< steps between refreshes of the limiter
  /// What V moves after a refresh, over what it moved after the one before: above, refreshes end. A limiter has kinks, about
  /// which they may go round in circles.
  double contraction = 0.7;
  /// A refresh that raises the objective by more than this part is halved, so many times: layers thinner than a cell have
  /// ratios that overshoot.
  double max_rise = 0.1;
  int max_parts = 4;
  /// Of J: what it is not known to better than, at most, where refreshes do not settle.
  double max_noise = 1e-2;
  int max_stalls = 2;    ///< steps in a row that lower nothing, with a refresh between them
  int first_passes = 3;  ///< flows solved to freeze the limiter before the first step
  /// CG iterations of a step over those of the first after the elimination was made: beyond, and `more_cg` more, it is made anew.
  double stale = 2;
  int more_cg = 3;
};

/// What one Newton step did.
struct NewtonRow {
  int iteration = 0;  ///< of all steps of the fit, from 1
  double prior = 0;   ///< alpha
  double objective = 0, misfit = 0;
  double gradient = 0;  ///< its norm in P^-1
  double step = 0;      ///< length taken, of the full one
  int cg_iterations = 0;
  long solves = 0;            ///< linear systems so far
  double limiter_change = 0;  ///< of V by the steps since the last refresh, relative
};

class GaussNewton {
 public:
  /// Keeps references. `t`: mean interval between snapshots; `R`: time-mean density of the data.
  /// Collective.
  GaussNewton(Objective& objective, std::span<const double> R, double t, Objective::Vector start,
              const GaussNewtonOptions& options = {});

  /// New strengths of the priors of V and W; the iteration starts anew. Collective.
  void set_prior(double alpha, double alpha_W);
  /// One step. Collective; throws NumericalError where the flow cannot be solved at the start.
  NewtonRow step();
  [[nodiscard]] bool converged(double tolerance) const;
  /// No step made the objective smaller.
  [[nodiscard]] bool stalled() const { return stalled_; }

  [[nodiscard]] const Objective::Vector& x() const { return x_; }
  /// From there on, with a preconditioner of that point. Collective.
  void move(const Objective::Vector& x);
  [[nodiscard]] double objective() const { return J_; }
  [[nodiscard]] const Objective::Vector& gradient() const { return g_; }
  /// H^-1 b; `known`: of solves before at the same x and strengths of the priors. Collective.
  [[nodiscard]] CgResult solve(std::span<const double> b, double rtol, int max_iterations,
                               ConjugateSpace* known = nullptr);
  /// Solves the flow at x and freezes the limiter, `passes` times, and takes the gradient.
  void evaluate(int passes);
  [[nodiscard]] long cg_iterations() const { return cg_; }
  /// Linear systems of the flow solved so far, in a resumed fit those before it as well.
  [[nodiscard]] long solves() const { return earlier_solves_ + objective_.solves(); }
  /// What has been counted, to be restored where solves are given up that will be done again.
  struct Work {
    long cg = 0, solves = 0;  ///< iterations of conjugate gradients; linear systems
  };
  [[nodiscard]] Work work() const { return {cg_, solves()}; }
  void restore(const Work& counted) {
    cg_ = counted.cg;
    earlier_solves_ = counted.solves - objective_.solves();
  }
  /// V, log kT, the frozen limiter and the counters. Collective.
  void remember(Archive& archive);

 private:
  /// P of the V block; the shared part becomes 0.
  void precondition_V(std::span<const double> r, std::span<double> out);
  /// The preconditioner becomes that of x.
  void prepare();
  void remember_limiter(Archive& archive);
  void remember_vector(Archive& archive, const std::string& name, Objective::Vector& x,
                       std::vector<double>& field);
  [[nodiscard]] bool search(const Objective::Vector& p, double slope, NewtonRow& row);

  Objective& objective_;
  GaussNewtonOptions options_;
  PotentialPencil pencil_;
  double t_;
  Objective::Vector x_, g_, at_refresh_;
  double J_ = 0, promise_ = 1, change_ = 1;
  bool prepared_ = false;  // the preconditioner is that of x
  Elimination elimination_;
  int fresh_cg_ = -1;  // iterations of the first step with it; -1: not yet
  bool stale_ = true;  // it is to be made anew
  int iteration_ = 0, since_refresh_ = 0, stalls_ = 0;
  double last_change_ = 0;  // after the refresh before; 0: none at this strength of the prior
  bool circling_ = false;   // refreshes have ended
  double noise_ = 0;        // what the last one changed J by, over J
  std::array<double, 2> gains_{
      1, 1};  // parts of the objective by which the last steps since then have lowered it
  long cg_ = 0, earlier_solves_ = 0;  // the latter before a resumption, less those of its own start
  bool stalled_ = false, ready_ = false;
  std::array<std::vector<double>, 2> saved_;  // what a checkpoint refers to
};

}  // namespace otto
