#pragma once
// A linear flow M rho' = -A(V, kT) rho over legs of given steps, with its derivative in V, kT, the
// drift and the density a leg starts from, forwards (tangent) and backwards (adjoint). The flow is that
// of the generator: two-point fluxes on any mesh, without exchange and without dependence on time.
// With L(rho) dV for the divergence of dF/d rise (V_L - V_K) and f for dF/d kT (operators/face_rates.h),
//
//   implicit Euler   (M + t A) rho1 = M rho0
//     tangent        (M + t A) d1 = M d0 - t L(rho1) dV
//     adjoint        (M + t A)^T mu = lambda1;   g -= t L(rho1)^T mu;   lambda0 = M mu
//   TR-BDF2          (M + c A) rho_g = (M - c A) rho0,   (M + c A) rho1 = M (alpha rho_g - beta rho0)
//     tangent        (M + c A) d_g = (M - c A) d0 - c L(rho0 + rho_g) dV
//                    (M + c A) d1 = M (alpha d_g - beta d0) - c L(rho1) dV
//     adjoint        (M + c A)^T mu2 = lambda1;   (M + c A)^T mu1 = alpha M mu2
//                    g -= c [L(rho1)^T mu2 + L(rho0 + rho_g)^T mu1]
//                    lambda0 = -beta M mu2 + M mu1 - c A^T mu1
//
// A limited flux has the ratios of every step frozen: at the density the step starts from, or after
// refresh() at the mean of both its ends in the last solve. The derivatives are those for frozen ratios.
//
// With an interaction W the potential of a step is V + W * rho^, rho^ = rho^n + (t/2t') (rho^n - rho^(n-1)),
// t' the step before (rho^0 in the first step of a leg), so that every step stays linear and the scheme of second order. Then
//
//   dV becomes  dV + dW * rho^ + W * d rho^,
//
// and backwards, with c the cotangent of a step's potential and W even, y = m (W * (c / m)) goes to the
// densities rho^ is made of, and c and rho^ to whoever differentiates in W (PairCotangents).
//
// What the derivatives need of a solve are the densities of its stages. Where those of all steps fit
// into `memory` they are kept; else those of every k-th step are, with the least k for which these and the stages of k
// steps fit, and the steps between are solved again when a derivative comes by: (k - 1)/k of a forward run each way.
//
// With detailed balance and without W the systems are ShiftedSolver's, forwards and transposed
// (src/time/reversible_solver.h); else TransportPair's.

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "otto/energy/interaction.h"
#include "otto/linear/transport_pair.h"
#include "otto/operators/face_rates.h"

namespace otto {

enum class LinearScheme { implicit_euler, tr_bdf2 };

struct LinearFlowOptions {
  LinearScheme scheme = LinearScheme::tr_bdf2;
  double rtol = 1e-10;  ///< of every solve: gradients are right to about as many digits
  /// Times rtol, with detailed balance: of the solves of tangents and adjoints, whose errors are theirs alone; and of
  /// steps that are solved again, whose errors go no further than the segment.
  double derivatives = 1, again = 1;
  /// Densities known at other times that the guess of a step that is solved again is made from.
  std::size_t nodes = 6;
  /// Adjoint stages with the same rates whose cotangents wait to be added to the gradient together.
  std::size_t stages = 2;
  /// Bytes per rank for densities of stages; and as many for rates that differ from step to step.
  std::size_t memory = std::size_t(1) << 30;
  /// Times sqrt(steps): so many densities are kept where `memory` would not hold them. Fewer than 2, or 2.8 for
  /// TR-BDF2, do not do with one more forward run.
  double min_kept = 3.5;
};

/// What a flow is perturbed by.
struct FlowDirection {
  std::span<const double> rise = {};  ///< of V_L - V_K less the drift's part, per face; empty: 0
  double kT = 0;
  const Interaction* interaction = nullptr;  ///< dW; null: 0
};

/// Takes dJ = sum c.(dW * rho) of every step; owned values. Collective.
class PairCotangents {
 public:
  virtual ~PairCotangents() = default;
  virtual void add(std::span<const double> c, std::span<const double> rho) = 0;
};

/// Cotangents of the same.
struct FlowGradient {
  std::vector<double> rise;         ///< per face; a face on two ranks has the whole value on both
  double kT = 0;                    ///< this rank's part: summed over ranks it is the derivative
  PairCotangents* pairs = nullptr;  ///< or null
};

class LinearFlow {
 public:
  /// `legs[l]`: the lengths of the steps of leg l. Keeps a reference to the generator. Throws InputError
  /// where it is not one for derivatives. Collective.
  LinearFlow(Generator& generator, std::vector<std::vector<double>> legs,
             const LinearFlowOptions& options = {});
  ~LinearFlow();
  LinearFlow(const LinearFlow&) = delete;

  [[nodiscard]] std::size_t legs() const;
  /// V (owned + ghosts, ghosts up to date), kT and W, or null, of what follows; keeps a reference to W. The
  /// generator's circulation joins here as well. Collective.
  void set(std::span<const double> V, double kT, const Interaction* W = nullptr);
  /// Solves a leg from rho0 (owned + ghosts, ghosts up to date); the density at its end likewise.
  /// Collective; throws NumericalError.
  std::vector<double> solve(std::size_t leg, std::span<const double> rho0);
  /// Per leg and step (owned + ghosts).
  using Densities = std::vector<std::vector<std::vector<double>>>;
  /// Freezes the ratios of a limited flux anew; solve all legs before and after. What they were frozen at. Collective.
  Densities refresh();
  /// The densities frozen so, to be saved and put back. None: not yet.
  Densities& frozen();
  /// Of V + W * rho and kT, without a limiter. `rho`: owned + ghosts. Collective.
  [[nodiscard]] FaceRates mean_rates(std::span<const double> rho);
  /// int rho dt of the leg last solved (owned), by the trapezoidal rule on its steps.
  [[nodiscard]] std::vector<double> time_integral(std::size_t leg);

  /// The change of the leg's end for a direction and the change `d` of its start (owned values; in
  /// place). Collective.
  void tangent(std::size_t leg, const FlowDirection& direction, std::span<double> d);
  /// lambda: dJ/d rho of the leg's end, in place that of its start (owned values); adds to `gradient`.
  /// Collective.
  void adjoint(std::size_t leg, std::span<double> lambda, FlowGradient& gradient);

  [[nodiscard]] long solves() const;  ///< linear systems solved so far
  [[nodiscard]] double rtol() const;  ///< of its solves
  void set_rtol(double rtol);         ///< of those that follow

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// dJ/dV of the owned cells from that of the rises.
void add_cell_gradient(const Mesh& mesh, std::span<const double> of_rise, std::span<double> of_V);
/// V_L - V_K per face. `V`: owned + ghosts.
std::vector<double> rises_of(const Mesh& mesh, std::span<const double> V);

}  // namespace otto
