#include "otto/learn/model_metrics.h"

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/geodesic/geodesic.h"
#include "otto/learn/early_stopping.h"
#include "otto/linear/kinetic_energy.h"
#include "otto/mesh/restrict.h"

namespace otto {

namespace {

constexpr double near = 0.2;        ///< total variation up to which one interval of time will do
constexpr double floor_of = 1e-12;  ///< least density over the mean one, where mass can travel
constexpr std::int64_t max_cells = 64;

std::vector<double> densities(const Mesh& mesh, std::span<const double> mass) {
  std::vector<double> rho(mass.begin(), mass.end());
  for (std::size_t i = 0; i < rho.size(); ++i) rho[i] /= mesh.volume[i];
  return rho;
}

double linearised(const Mesh& mesh, std::span<const double> p, std::span<const double> q) {
  const double min = floor_of / integral(mesh, std::vector<double>(p.size(), 1.0));
  std::vector<double> mean(std::size_t(mesh.local())), rate(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    mean[i] = std::max(0.5 * (p[i] + q[i]) / mesh.volume[i], min);
    rate[i] = (q[i] - p[i]) / mesh.volume[i];
  }
  mesh.halo.update(mesh.comm, mean);
  return min_kinetic_energy(mesh, mean, rate);
}

double geodesic(const Mesh& mesh, std::span<const double> p, std::span<const double> q) {
  Box box = mesh.box->box;
  const auto longest = [&] { return std::max({box.cells(0), box.cells(1), box.cells(2)}); };
  while (longest() > max_cells && doubled(box).nodes != box.nodes) box = doubled(box);
  const Mesh coarse = make_box_mesh(mesh.comm, box);
  const auto a = restrict_density(mesh, densities(mesh, p), coarse);
  const auto b = restrict_density(mesh, densities(mesh, q), coarse);
  Geodesic path(coarse, a, b, {.intervals = 16, .tolerance = 1e-2, .max_iterations = 400});
  return path.solve().squared;
}

}  // namespace

double law_distance(const Mesh& mesh, std::span<const double> p, std::span<const double> q) {
  ReproducibleSum parts;
  for (std::size_t i = 0; i < p.size(); ++i) parts += 0.5 * std::abs(p[i] - q[i]);
  const double apart = sum_of_all(mesh.comm, parts);
  double squared = apart < near ? linearised(mesh, p, q) : INFINITY;
  if (!std::isfinite(squared)) squared = geodesic(mesh, p, q);
  return std::sqrt(std::max(squared, 0.0));
}

ModelMetrics evaluate(const TrainingData& data, const Network& network) {
  GridModel model(data.check, network);
  model.update();
  ModelMetrics v;
  v.divergences = model.divergences(data.check_mass);
  v.log_z = model.log_z();
  v.w2 = law_distance(data.check, model.mass(), data.check_mass);
  if (data.has_heldout) {
    v.heldout_log_likelihood = heldout_log_likelihood(data, model, network);
  }
  return v;
}

}  // namespace otto
