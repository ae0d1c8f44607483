#pragma once
// The misfit of a density rho to data d, per volume and sample. With a background share eps in both,
// rho~ = (1 - eps) rho + eps / |Omega| and d~ likewise,
//
//   phi = d~ log(d~ / rho~) - d~ + rho~ = d~ (q - log(1 + q)),   q = rho~ / d~ - 1,
//
// whose sum over cells, times the number of samples, is the Poisson deviance halved; for exact densities
// it is KL. Below rho = 0, which schemes may undershoot, phi goes on as its Taylor polynomial of second order at 0. The
// weight stands for phi'' = d~ / rho~^2 in Gauss-Newton products: for counts it is Fisher's, 1 / rho~; for densities
//
//   w = max(1 / rho~, phi'') = max(rho~, d~) / rho~^2,
//
// the same at the solution. Where rho > d the step w aims at is d itself. Where rho < d, and below 0, nothing smaller than
// phi'' will do: a step of Newton's method with w < phi'' / 2 goes past the minimum of phi by more than it was away, and
// lines are searched for short steps.

namespace otto {

struct LikelihoodOptions {
  double background = 1e-4;  ///< eps
  double volume = 1;         ///< |Omega|
  bool counts = false;       ///< d is of samples, with cells that are empty by chance
};

struct Misfit {
  double value = 0, slope = 0, weight = 0;  ///< phi, d phi / d rho, the weight
};

Misfit misfit(double rho, double data, const LikelihoodOptions& options);

}  // namespace otto
