// sum vol rho log(rho/pi) with sum vol rho = sum vol pi is the same as
//
//   sum vol pi phi(rho/pi),    phi(u) = u log u - u + 1 >= 0,
//
// which has no cancellation between cells: close to equilibrium it is as small as it should be.

#include "otto/monitor/gibbs_distance.h"

#include <algorithm>
#include <cmath>

namespace otto {

void GibbsDistance::normalise() {
  const Mesh& mesh = generator_.mesh();
  const auto owned = static_cast<std::size_t>(mesh.owned);
  const auto V = generator_.external().first(owned);
  const double kT = generator_.temperature();
  double least = std::numeric_limits<double>::infinity();
  for (const double v : V) least = std::min(least, v);
  least = mesh.comm.min(least);
  double z = 0;
  for (std::size_t i = 0; i < owned; ++i) z += mesh.volume[i] * std::exp(-(V[i] - least) / kT);
  const double log_z = std::log(mesh.comm.sum(z));
  log_pi_.resize(owned);
  for (std::size_t i = 0; i < owned; ++i) log_pi_[i] = -(V[i] - least) / kT - log_z;
  version_ = generator_.version();
}

double GibbsDistance::operator()(std::span<const double> density, double mass) {
  if (version_ != generator_.version() || log_pi_.empty()) normalise();
  const Mesh& mesh = generator_.mesh();
  const double log_mass = std::log(mass);
  double sum = 0;
  for (std::size_t i = 0; i < log_pi_.size(); ++i) {
    const double log_pi = log_pi_[i] + log_mass, pi = std::exp(log_pi), rho = density[i];
    const double excess = rho - pi, ratio = excess / pi;
    if (rho <= 0) {
      sum += mesh.volume[i] * -excess;
    } else if (std::abs(ratio) < 0.5) {
      sum += mesh.volume[i] * (rho * std::log1p(ratio) - excess);
    } else {
      sum += mesh.volume[i] * (rho * (std::log(rho) - log_pi) - excess);
    }
  }
  return mesh.comm.sum(sum);
}

}  // namespace otto
