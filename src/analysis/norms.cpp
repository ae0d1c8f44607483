#include "otto/analysis/norms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "otto/analysis/wasserstein.h"
#include "otto/operators/ledger.h"

namespace otto {

namespace {

/// The owned values with ghosts. Collective.
std::vector<double> with_ghosts(const Mesh& mesh, std::span<const double> owned) {
  std::vector<double> all(owned.begin(), owned.end());
  all.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, all);
  return all;
}

double free_energy(const Generator& generator, std::span<const double> density) {
  return ledger(generator, with_ghosts(generator.mesh(), density), false).free_energy;
}

/// r log(r/s) - r + s without cancellation near r = s.
double relative_entropy(double r, double s) {
  if (!(r > 0)) return s;
  if (!(s > 0)) return std::numeric_limits<double>::infinity();
  const double u = (s - r) / r;
  return r * (u - std::log1p(u));
}

}  // namespace

ErrorNorms error_norms(const Mesh& mesh, std::span<const double> density,
                       std::span<const double> exact) {
  double l1 = 0, l2 = 0, linf = 0, kl = 0, reverse_kl = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const double e = std::abs(density[i] - exact[i]);
    l1 += mesh.volume[i] * e;
    l2 += mesh.volume[i] * e * e;
    linf = std::isnan(e) || e > linf ? e : linf;
    kl += mesh.volume[i] * relative_entropy(exact[i], density[i]);
    reverse_kl += mesh.volume[i] * relative_entropy(density[i], exact[i]);
  }
  return {mesh.comm.sum(l1), std::sqrt(mesh.comm.sum(l2)), mesh.comm.max(linf), mesh.comm.sum(kl),
          mesh.comm.sum(reverse_kl)};
}

const std::vector<std::string>& norm_names() {
  static const std::vector<std::string> names{"l1",         "l2", "linf",  "kl",
                                              "reverse_kl", "w2", "energy"};
  return names;
}

std::vector<double> norms(const std::vector<std::string>& names, const Generator& generator,
                          std::span<const double> density, std::span<const double> reference,
                          std::string& remark) {
  const Mesh& mesh = generator.mesh();
  const ErrorNorms e = error_norms(mesh, density, reference);
  std::vector<double> values;
  for (const std::string& name : names) {
    if (name == "l1") values.push_back(e.l1);
    if (name == "l2") values.push_back(e.l2);
    if (name == "linf") values.push_back(e.linf);
    if (name == "kl") values.push_back(e.kl);
    if (name == "reverse_kl") values.push_back(e.reverse_kl);
    if (name == "w2") {
      const WassersteinDistance W = wasserstein(mesh, density, reference);
      values.push_back(W.value);
      if (!W.obstacle.empty()) remark = "no w2: " + W.obstacle;
    }
    if (name == "energy") {
      values.push_back(
          std::abs(free_energy(generator, density) - free_energy(generator, reference)));
    }
  }
  return values;
}

}  // namespace otto
