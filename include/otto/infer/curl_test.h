#pragma once
// Whether data are those of a gradient flow: a score test, at the solution of the fit, for the drifts without divergence
//
//   b = sum_i c_i b_i
//
// of stream.h. With u_i = S b_i the response
// of the densities to the i-th drift and p_i = -H^-1 S^T W u_i what the unknowns do to make up for it,
//
//   t_i = -(sum_k slope_k.u_i,k + g.p_i)
//
// is the part of the misfit's slope in c_i that no energy can explain, g the gradient of J (0 but for the tolerance of
// the fit). Without such a drift t has mean 0 and, with v_i = u_i + S p_i,
//
//   C_ij = sum_s q_is.Cov_s q_js + p_i.(priors) p_j,    q_is = W v_i of the interval that ends at snapshot s, less
//                                                       the cotangent of the interval that starts from it,
//   Cov_s = (diag(rho_s / m) - rho_s rho_s^T) / N_s,
//
// so that the noise of the datum a trajectory starts from counts, and the bias of the prior as the prior expects it.
// T = t C^-1 t is then chi square of K degrees of freedom, K the rank of C: drifts that leave no trace, as those with
// div(rho b) = 0 at all times, do not count. Twice the misfit itself is compared with that of counts
// drawn from the model (deviance.h). A flow is rejected where T is significant and the energies miss the data as well.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "otto/infer/newton.h"

namespace otto {

struct CurlTestOptions {
  int modes = 5;          ///< M: sines along each axis
  double deviations = 4;  ///< of a chi square above its mean, from where it is significant
  double rank = 1e-9;     ///< of the largest eigenvalue of the correlations of t: below, no trace
  double rtol = 1e-4;     ///< of the solves with H
  int max_cg = 200;       ///< of one of them
  double unexplained = 0.01;  ///< share of the motion of densities that energies may leave
};

enum class GradientFlow { accepted, rejected, undecided };

struct CurlTest {
  double statistic = 0;       ///< T
  double degrees = 0;         ///< K
  double deviance = 0;        ///< twice the misfit, in units of the noise
  double expected = 0;        ///< what counts drawn from the model would have, less gamma
  double expected_width = 0;  ///< its standard deviation
  double unexplained = 0;  ///< of densities: the misfit over that of taking each for the one before
  GradientFlow verdict = GradientFlow::undecided;
};

/// `known_start`: the first snapshot of the first series has no noise; `samples`, `gamma`: N_eff and the effective
/// parameters of `Evidence`. On boxes of two axes, at the objective's present point, Newton's. None where `stop`, asked
/// collectively before each solve, says so. Collective.
std::optional<CurlTest> curl_test(Objective& objective, GaussNewton& newton, const Snapshots& data,
                                  bool known_start, double samples, double gamma, double background,
                                  const std::function<bool()>& stop,
                                  const CurlTestOptions& options = {});

}  // namespace otto
