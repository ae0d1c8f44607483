#pragma once
// The controls of Newton's method for proximal steps, each with its reason.
//
// Optimality is (sum |r| + sum vol |g| / U'') / mass of the residuals in proximal_newton.h, a share
// of the mass; densities are compared with the mean density of the mesh.

#include <cstddef>

namespace otto {

/// Newton's method for any number of inner steps.
struct NewtonControl {
  double tolerance = 1e-9;   ///< optimality of a solution: the step is then right to what CSV shows
  double rtol_factor = 0.1;  ///< tolerance <= rtol_factor solver.rtol, where the user asks for more
  int max_iterations = 40;   ///< from one guess; random problems that converge need at most 30
  int max_iterations_bounded = 60;  ///< the whole path of the barrier
  int max_halvings = 6;  ///< of a step along the direction; a 64th that does not help: another
  double sufficient_decrease = 0.1;  ///< optimality <= (1 - this alpha) optimality before
  double max_log_step = 4;           ///< of log rho in one iteration: exp grows no faster than e^4
  double min_left = 0.02;  ///< part of a density that one iteration leaves: the same downwards
  /// Of the least optimality, where densities grow: e^4 in an iteration.
  double weight_growth = 60;
  double dual_share = 0.3;  ///< the density of the new phi is tried where more is left than this
  double rounding_factor = 1e3;  ///< optimality, over rounding, at which a stalled search is done
  double stalled_factor = 10;  ///< over the tolerance, without bounds: the same after a tight solve
  /// Of a chemical potential at rest, in units of epsilon times its terms: two dozen operations.
  double rest_rounding = 32;
  int rest_sample = 256;  ///< cells that are looked at first: two of them tell most steps from rest

  /// Cells whose residuals are computed together, without bounds: eight arrays of them fit the first
  /// cache.
  std::size_t residual_cells = 512;

  // Warm starts, from the potential extrapolated from earlier steps
  double good_guess = 0.06;    ///< optimality up to which an extrapolated phi is a start; beyond
                               ///< it implicit Euler's density is nearer
  double warm_progress = 0.3;  ///< an iteration that leaves more says that the start was wrong
  double warm_near = 10;       ///< times the goal: within it rounding may be what is left
  /// Of a density over rho0 before the first iteration, at least and at most: no guess is better.
  double warm_min_factor = 0.1, warm_max_factor = 10;
  double small_change = 0.03;  ///< optimality of a start up to which a solve stops by its residual

  // Linear solves
  int max_linear = 200;  ///< a direction is used as it is after so many iterations
  /// The same without bounds and interaction: what is left then is the phi of cells without mass. On
  /// a path the tails count, and a solve that is to be tighter than the first may take all.
  int max_linear_single = 20;
  double loosest_cold = 1e-2;  ///< tolerance far from the solution: tails count there
  double loosest_warm = 0.1;
  double loosest_bounded = 1e-3;  ///< multipliers need a better phi
  double tightest = 1e-9;         ///< where a loose solve did not help
  double forcing = 0.5;           ///< tolerance = forcing sqrt(optimality): superlinear
  double needed_share = 0.1;      ///< of tolerance/optimality: no solve needs to be tighter,
  double needed_bounded = 0.01;   ///< with bounds, where cells at the edge count in L1,
  double min_needed = 1e-6;       ///< unless that is less than this
  double care_factor = 0.03;      ///< on the tolerance after a solve that did not do its share:
  double care_from = 5;           ///< optimality over that foreseen, max(rtol, opt.) times the last
  double care_recovery = 3;       ///< on the care after an iteration that did its share
  double care_failed = 0.1;       ///< without bounds, on the care after a search that failed,
  double min_care = 1e-4;         ///< and its least: what is slow then is not the linear solve

  double loosest_inner = 1e-3;  ///< with inner steps: a loose solve spoils the tails of phi_k
  double forcing_inner = 0.05;
  double inner_empty = 1e-8;  ///< density, over the largest, below which they go upwind
  int inner_patience = 10;    ///< iterations that may gain less than inner_gain: other weights do
  double inner_gain = 0.1;    ///< better then
  int inner_linear = 600;     ///< iterations of CG from one start: what needs more fails in the end
  /// With bounds, where Newton's method does not end: an optimality that will do, at most this
  /// barrier. N steps differ from one by a hundredth of the mass.
  double inner_good = 1e-5, inner_fraction = 1e-6;
  double inner_care = 0.01;  ///< with bounds the care's least: fronts are slow, not solves
  double inner_growth = 10;  ///< of the optimality in a step that the filter lets pass, at most
  double inner_left = 0.1;   ///< part of the room below a bound that one iteration leaves

  // Levenberg-Marquardt: H is made with densities of at least max(held_density, damping
  // optimality), so that cells which hold less than the present error keep still. The damping grows
  // where no step along the direction helps, and falls again; with it fixed the convergence stays
  // quadratic.
  double held_density = 1e-18;  ///< below it, phi of a vacuum is nothing but rounding of H
  double damping = 1e-9;        ///< at first; cells held by more from the start keep rough tails
  double damping_growth = 100;  ///< after a search that fails, from at least damping_raised
  double damping_raised = 1e-6;
  double damping_decay = 0.1;  ///< after a full step
  double damping_max = 0.1;    ///< beyond it the iteration has failed

  // Patches (src/newton/local_newton.cpp), where 0 <= rho is a bound
  double patch_share = 0.9;  ///< of the optimality that their cells hold,
  double patch_part = 0.3;   ///< being at most so many of all: on coarse grids films are wide
  int patch_rings = 2;       ///< of neighbours, as far as a row of H reaches
  int patch_steps = 12;      ///< between two iterations on all cells
  double patch_growth = 3;   ///< of the optimality in a step that the filter lets pass, at most
  double patch_rtol = 1e-3;  ///< of their linear systems
  int patch_linear = 100;    ///< products with H in one of them

  // The paths to a step from where no guess converges: hotter ones, then shorter ones
  double lost = 1;  ///< optimality of a start of which a search fails that ends there: all is wrong
  double path_heat = 1.0 / 16;  ///< of 1 / U: V that rises by hundreds of kT from cell to cell is
                                ///< as easy then as any
  double path_time = 0.25;      ///< of tau
  double path_factor = 0.25;    ///< on both where that fails; solutions are that far apart at most
  double min_path_factor = 1.05;  ///< from one solution to the next
  double path_tolerance = 1e-6;   ///< of the solutions on the way
  int path_stages = 16;           ///< solves on it

  // Densities
  double empty = 1e-290;       ///< over the mass: a cell without density; its logarithm is finite
  double guess_floor = 1e-14;  ///< of implicit Euler's density: its solve knows no less
  int guess_sweeps = 3;        ///< that give such densities the size their neighbours ask for
  /// Over the mean, the density of tails, which weigh nothing in the optimality: where Newton's
  /// method leaves less than tail_factor of what implicit Euler makes of the cells beside them, they
  /// get that. Else a tail that an unfinished direction has emptied keeps all mass out for good.
  double tail = 1e-9, tail_factor = 0.1;
  double other_terms_from =
      1e-6;                   ///< over the mean: where the guess takes terms beside the entropy
  double shut_jump = 30;      ///< kT that V rises across a face into an obstacle: e^-30 are nothing
  int obstacle_layers = 200;  ///< of cells that obstacles may be deep
  double guess_known = 1e-12;  ///< over the mean: where its chemical potential is believed

  // Bounds (interior_point.h): the barrier b, in the mean density times the step's energy per
  // mass; nu = b rho_mean E
  double barrier_last = 1e-9;  ///< as small as the tolerance
  double barrier_cold = 1e-2;  ///< first one without a guess
  double barrier_warm = 1e-4;  ///< with one, where U = 0; elsewhere its density is measured with it
  double barrier_of_guess = 0.02;  ///< and b is this part of what that leaves of continuity
  double barrier_least = 1e-6;     ///< and not below this: densities of the edge need room
  double barrier_inner = 1e-3;     ///< the first one of inner steps, whose fronts are cells away
  double barrier_factor = 0.1;  ///< the next is min(barrier_factor b, b^barrier_power): superlinear
  double barrier_power = 1.5;
  double barrier_close = 10;        ///< lowered at an optimality of so many b
  double barrier_close_warm = 100;  ///< the same from a guess: its iterates are near the path's end
  double barrier_close_careful = 1;  ///< and after a retreat
  /// Two iterates of an optimality of so many times that of the first one have lost the path, unless
  /// the second leaves less than this of the other's.
  double barrier_stray = 30, barrier_back = 0.1;
  double barrier_max_factor = 0.7;  ///< factors on b beyond it are no way to the path's end
  int max_iterations_warm = 20;     ///< from a guess with bounds, before the path is walked anew
  /// Energies per mass above the mean of V from which a cell is an obstacle, where b puts less.
  double obstacle = 100;
  /// The least energy per mass, over what moving it by the width of a cell costs: a trifle.
  double min_energy = 1e-6;
  double highest_guess =
      10;              ///< of phi in empty cells, above V of the mass, in the energy per mass
  double edge = 1e-3;  ///< a density below so much of its multiplier is 0 in the end
};

}  // namespace otto
