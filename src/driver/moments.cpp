#include "otto/driver/moments.h"

#include <algorithm>
#include <iterator>

#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

constexpr char axis[] = "xyz";

}  // namespace

std::vector<std::string> moment_names(int dimension) {
  std::vector<std::string> names;
  for (int a = 0; a < dimension; ++a) names.push_back(std::string("mean_") + axis[a]);
  for (int a = 0; a < dimension; ++a) {
    for (int b = a; b < dimension; ++b) names.push_back(std::string("cov_") + axis[a] + axis[b]);
  }
  return names;
}

std::vector<double> moments(const Mesh& mesh, std::span<const double> density) {
  const auto d = std::size_t(mesh.dimension), owned = std::size_t(mesh.owned);
  std::vector<ReproducibleSum> first(d + 1);  // mass, then means
  for (std::size_t i = 0; i < owned; ++i) {
    const double m = mesh.volume[i] * density[i];
    first[0] += m;
    for (std::size_t a = 0; a < d; ++a) first[1 + a] += m * mesh.center[i][a];
  }
  const std::vector<double> whole = sums_of_all(mesh.comm, first);
  std::vector<double> mean(whole.begin() + 1, whole.end());
  for (double& m : mean) m /= whole[0];
  std::vector<ReproducibleSum> second(d * (d + 1) / 2);  // about the mean: no cancellation
  for (std::size_t i = 0; i < owned; ++i) {
    const double m = mesh.volume[i] * density[i] / whole[0];
    for (std::size_t a = 0, k = 0; a < d; ++a) {
      for (std::size_t b = a; b < d; ++b, ++k) {
        second[k] += m * (mesh.center[i][a] - mean[a]) * (mesh.center[i][b] - mean[b]);
      }
    }
  }
  std::ranges::copy(sums_of_all(mesh.comm, second), std::back_inserter(mean));
  return mean;
}

}  // namespace otto
