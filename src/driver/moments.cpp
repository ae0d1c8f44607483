#include "otto/driver/moments.h"

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
  std::vector<double> first(d + 1);  // mass, then means
  for (std::size_t i = 0; i < owned; ++i) {
    const double m = mesh.volume[i] * density[i];
    first[0] += m;
    for (std::size_t a = 0; a < d; ++a) first[1 + a] += m * mesh.center[i][a];
  }
  mesh.comm.sum_in_place(first);
  std::vector<double> mean(first.begin() + 1, first.end());
  for (double& m : mean) m /= first[0];
  std::vector<double> second(d * (d + 1) / 2);  // about the mean: no cancellation
  for (std::size_t i = 0; i < owned; ++i) {
    const double m = mesh.volume[i] * density[i] / first[0];
    for (std::size_t a = 0, k = 0; a < d; ++a) {
      for (std::size_t b = a; b < d; ++b, ++k) {
        second[k] += m * (mesh.center[i][a] - mean[a]) * (mesh.center[i][b] - mean[b]);
      }
    }
  }
  mesh.comm.sum_in_place(second);
  mean.insert(mean.end(), second.begin(), second.end());
  return mean;
}

}  // namespace otto
