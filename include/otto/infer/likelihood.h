#pragma once
// The misfit of a density rho to data d, per volume and sample. With a background share eps in both,
// rho~ = (1 - eps) rho + eps / |Omega| and d~ likewise,
//
//   phi = d~ log(d~ / rho~) - d~ + rho~ = d~ (q - log(1 + q)),   q = rho~ / d~ - 1,
//
// whose sum over cells, times the number of samples, is the Poisson deviance halved; for exact densities
// it is KL. Below 0.3 eps / |Omega| phi goes on as its Taylor polynomial of second order: schemes may
// undershoot zero. The weight stands for phi'' in Gauss-Newton products: 1 / rho~ (Fisher's) for counts,
// 2 / (rho~ + d~) for densities, the same at the solution and better away from it.

namespace otto {

struct LikelihoodOptions {
  double background = 1e-4;  ///< eps
  double volume = 1;         ///< |Omega|
  bool counts = false;       ///< d is of samples, with cells that are empty by chance
  double taylor = 0.3;       ///< of eps / |Omega|, below which phi is its Taylor polynomial
};

struct Misfit {
  double value = 0, slope = 0, weight = 0;  ///< phi, d phi / d rho, the weight
};

Misfit misfit(double rho, double data, const LikelihoodOptions& options);

}  // namespace otto
