#pragma once
// A training made by hand: mesh, masses and network without a case file.

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "otto/core/reproducible_sum.h"
#include "otto/learn/objective.h"
#include "otto/network/network_module.h"

namespace otto::test {

inline Box cube(int dimension, double half, std::int64_t cells) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    box.nodes[a] = graded_nodes(-half, half, cells, 1);
  }
  return box;
}

/// Masses of a density at the cell centres (the midpoint rule, as for the model), sum 1.
inline std::vector<double> masses_of(const Mesh& mesh, const std::function<double(Point)>& f) {
  std::vector<double> mass;
  ReproducibleSum parts;
  for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
    mass.push_back(mesh.volume[i] * f(mesh.center[i]));
    parts += mass.back();
  }
  const double sum = sum_of_all(mesh.comm, parts);
  for (double& m : mass) m /= sum;
  return mass;
}

class Trained {
 public:
  Trained(const Comm& comm, const Box& box, const std::function<double(Point)>& q,
          const NetworkDesign& design, const TrainOptions& options)
      : mesh(make_box_mesh(comm, box)),
        data{.mass = masses_of(mesh, q),
             .check = make_box_mesh(comm, box),
             .check_mass = masses_of(mesh, q),
             .heldout = {}},
        network(make_network(design)),
        model(mesh, *network),
        training{mesh, data, *network, model, options} {
    model.update();
    objective = find_objective(options.objective).make(training);
  }

  [[nodiscard]] std::vector<double> theta() const {
    std::vector<double> t(std::size_t(network->parameters()));
    network->get(t);
    return t;
  }
  void set(const std::vector<double>& t) {
    network->set(t);
    model.update();
  }
  /// KL after every iteration, that of the start first.
  std::vector<double> run(std::int64_t iterations) {
    objective->refresh(false);
    std::vector<double> kl{model.kl(data.mass)};
    for (std::int64_t i = 0; i < iterations; ++i) {
      (void)objective->iterate();
      kl.push_back(model.kl(data.mass));
    }
    return kl;
  }

  Mesh mesh;
  TrainingData data;
  std::unique_ptr<Network> network;
  GridModel model;
  Training training;
  std::unique_ptr<Objective> objective;
};

inline NetworkDesign quadratic(int dimension, std::vector<double> matrix) {
  NetworkDesign design;
  design.kind = "quadratic";
  design.dimension = dimension;
  design.matrix = std::move(matrix);
  return design;
}

inline NetworkDesign small_mlp(int dimension, double half) {
  NetworkDesign design;
  design.dimension = dimension;
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    design.box.lower[a] = -half;
    design.box.upper[a] = half;
  }
  design.frequencies = 8;
  design.fastest = 8;
  design.widths = {8, 8};
  design.seed = 3;
  return design;
}

inline TrainOptions options_of(const std::string& objective, std::int64_t iterations) {
  TrainOptions o;
  o.objective = objective;
  o.sampler = "persistent";
  o.iterations = iterations;
  o.penalty = 0.1;
  o.solver.rtol = 1e-11;
  return o;
}

inline double normal_density(double x) { return std::exp(-0.5 * x * x); }

/// Two normals and a slope: no quadratic form fits it.
inline double two_bumps(const Point& x) {
  return std::exp(-0.5 * (x[0] * x[0] + 1.4 * (x[1] - 0.3) * (x[1] - 0.3))) +
         0.6 * std::exp(-2 * ((x[0] - 1) * (x[0] - 1) + (x[1] + 1) * (x[1] + 1)) + 0.3 * x[0]);
}

}  // namespace otto::test
