// Networks through the border of the torch module: derivatives against central differences,
// products against each other, files through a round trip.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/network/layer_network.h"
#include "otto/network/network_module.h"
#include "scratch.h"
#include "unit/energy_support.h"

namespace otto {
namespace {

NetworkDesign mlp(int d) {
  NetworkDesign design;
  design.dimension = d;
  design.box = {{-1, -2, 0.5}, {2, 2, 1.5}};
  design.frequencies = 7;
  design.slowest = 0.5;
  design.fastest = 4;
  design.widths = {9, 8};
  design.amplitude = 1.5;
  design.seed = 3;
  return design;
}

NetworkDesign quadratic(int d) {
  NetworkDesign design;
  design.kind = "quadratic";
  design.dimension = d;
  for (int i = 0; i < d * d; ++i) design.matrix.push_back(1 + 0.3 * i - 0.05 * i * i);
  return design;
}

std::vector<Point> points_in(int d, std::size_t n) {
  std::vector<Point> points(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t a = 0; a < std::size_t(d); ++a) {
      points[i][a] = 3 * RandomAt(5, a, i).uniform()[0] - 1.5;
    }
  }
  return points;
}

std::vector<double> normals(std::size_t n, std::uint64_t stream) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = RandomAt(17, stream, i).normal()[0];
  return x;
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
double norm(std::span<const double> a) { return std::sqrt(dot(a, a)); }

std::vector<double> theta_of(const Network& network) {
  std::vector<double> theta(std::size_t(network.parameters()));
  network.get(theta);
  return theta;
}

/// theta + e s
std::vector<double> moved(const std::vector<double>& theta, double e, std::span<const double> s) {
  std::vector<double> out = theta;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += e * s[i];
  return out;
}

/// d/de f(theta + e s) at 0, of fourth order in e.
template <class F>
auto slope_along(Network& network, std::span<const double> s, const F& f) {
  const auto theta = theta_of(network);
  const double e = 1e-3 / norm(s) * std::sqrt(double(theta.size()));
  const auto at = [&](double t) {
    network.set(moved(theta, t * e, s));
    return f();
  };
  const auto a = at(-2), b = at(-1), c = at(1), d = at(2);
  network.set(theta);
  std::vector<double> out(a.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = (a[i] - 8 * b[i] + 8 * c[i] - d[i]) / (12 * e);
  }
  return out;
}

class Networks : public testing::TestWithParam<NetworkDesign> {
 protected:
  std::unique_ptr<Network> network = make_network(GetParam());
  std::vector<Point> points = points_in(GetParam().dimension, 2500);  // more than a batch
  std::size_t m = std::size_t(network->parameters());
  std::vector<double> value() const {
    std::vector<double> U(points.size());
    network->evaluate(points, U);
    return U;
  }
};

TEST_P(Networks, GradientIsThatOfTheValues) {
  std::vector<Point> slope(points.size());
  network->gradient(points, slope);
  for (std::size_t a = 0; a < 3; ++a) {
    if (int(a) >= GetParam().dimension) {
      for (const Point& g : slope) EXPECT_EQ(g[a], 0);
      continue;
    }
    const double e = 1e-3;
    const auto at = [&](double t) {
      auto there = points;
      for (Point& x : there) x[a] += t * e;
      std::vector<double> U(there.size());
      network->evaluate(there, U);
      return U;
    };
    const auto q = at(-2), r = at(-1), s = at(1), t = at(2);
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_NEAR(slope[i][a], (q[i] - 8 * r[i] + 8 * s[i] - t[i]) / (12 * e), 3e-8) << i;
    }
  }
}

TEST_P(Networks, JacobianIsThatOfTheValues) {
  const auto J = network->linearise(points);
  const auto U = value();
  for (std::size_t i = 0; i < U.size(); ++i) EXPECT_EQ(J->value()[i], U[i]);
  const auto s = normals(m, 1), c = normals(points.size(), 2);
  std::vector<double> dU(points.size()), g(m, 1.0);
  J->apply(s, dU);
  J->add_adjoint(c, g);
  for (double& x : g) x -= 1;
  EXPECT_NEAR(dot(dU, c), dot(s, g), 1e-12 * norm(dU) * norm(c));
  auto wrong = slope_along(*network, s, [&] { return value(); });
  for (std::size_t i = 0; i < wrong.size(); ++i) wrong[i] -= dU[i];
  EXPECT_LE(norm(wrong), 1e-7 * norm(dU));
}

// At one point h h^T and D D^T give the square of a layer's part of J s, (sum S_jk D_j h_k)^2.
TEST_P(Networks, LayersAreOuterProducts) {
  const auto s = normals(m, 1);
  const auto J = network->linearise(std::span(points).first(1));
  const auto shapes = J->layers();
  EXPECT_EQ(shapes.size(), GetParam().kind == "mlp" ? 3U : 0U);
  std::size_t first = 0;
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    const std::size_t outputs = shapes[l].outputs, inputs = shapes[l].inputs;
    const std::size_t n = shapes[l].columns();
    std::vector<double> hh(n * n, 0.0), DD(outputs * outputs, 0.0), part(m, 0.0), dU(1);
    J->add_moments(l, std::vector{2.0}, hh, DD);
    std::copy_n(s.begin() + std::ptrdiff_t(first), n * outputs,
                part.begin() + std::ptrdiff_t(first));
    J->apply(part, dU);
    const auto entry = [&](std::size_t j, std::size_t k) {
      return part[first + (k < inputs ? j * inputs + k : outputs * inputs + j)];
    };
    double square = 0;
    for (std::size_t a = 0; a < outputs; ++a) {
      for (std::size_t b = 0; b < outputs; ++b) {
        for (std::size_t j = 0; j < n; ++j) {
          for (std::size_t k = 0; k < n; ++k) {
            square += DD[a * outputs + b] * hh[j * n + k] * entry(a, j) * entry(b, k) / 4;
          }
        }
      }
    }
    EXPECT_NEAR(square, dU[0] * dU[0], 1e-11 * (1 + square)) << l;
    first += n * outputs;
  }
  if (!shapes.empty()) {
    EXPECT_EQ(first, m);
  }
}

TEST_P(Networks, LinearisationKeepsItsOwnParameters) {
  const auto J = network->linearise(points);
  const auto s = normals(m, 1);
  std::vector<double> before(points.size()), after(points.size());
  J->apply(s, before);
  network->set(moved(theta_of(*network), 1, s));
  J->apply(s, after);
  EXPECT_EQ(before, after);
}

TEST_P(Networks, ScoreAndItsDerivative) {
  const auto w = normals(points.size(), 4), s = normals(m, 5);
  for (const auto& [a, b] : {std::pair{1.0, 0.0}, {0.0, 1.0}, {0.7, -0.4}}) {
    std::vector<double> g(m, 0.0), scratch(m);
    const double S = network->add_score(points, w, a, b, g);
    std::vector<Point> slope(points.size());
    network->gradient(points, slope);
    if (b == 0) {
      double expected = 0;
      for (std::size_t i = 0; i < slope.size(); ++i) {
        expected +=
            0.5 * a * w[i] *
            (slope[i][0] * slope[i][0] + slope[i][1] * slope[i][1] + slope[i][2] * slope[i][2]);
      }
      EXPECT_NEAR(S, expected, 1e-11 * std::abs(expected));
    }
    const auto rate = slope_along(
        *network, s, [&] { return std::vector{network->add_score(points, w, a, b, scratch)}; })[0];
    EXPECT_NEAR(dot(g, s), rate, 1e-7 * norm(g) * norm(s));
    EXPECT_GT(norm(g), 0);
  }
}

TEST_P(Networks, LaplacianIsTheDivergenceOfTheGradient) {
  const std::size_t n = 50;
  const auto some = std::span(points).first(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> w(1, 1.0), g(m, 0.0);
    const double laplacian = network->add_score(some.subspan(i, 1), w, 0, 1, g);
    double sum = 0;
    const double e = 1e-3;
    for (std::size_t a = 0; a < std::size_t(GetParam().dimension); ++a) {
      std::vector<Point> there(4, some[i]), slope(4);
      for (std::size_t k = 0; k < 4; ++k)
        there[k][a] += e * (k < 2 ? double(k) - 2 : double(k) - 1);
      network->gradient(there, slope);
      sum += (slope[0][a] - 8 * slope[1][a] + 8 * slope[2][a] - slope[3][a]) / (12 * e);
    }
    EXPECT_NEAR(laplacian, sum, 1e-7 * (1 + std::abs(sum)));
  }
}

TEST_P(Networks, FilesHoldTheWholeNetwork) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto file = scratch.path() / "energy.pt";
  std::ofstream(file, std::ios::binary) << network->file();
  const auto read = load_network(Comm(MPI_COMM_SELF), file, GetParam().dimension);
  EXPECT_EQ(theta_of(*read), theta_of(*network));
  std::vector<double> U(points.size());
  read->evaluate(points, U);
  EXPECT_EQ(U, value());
  EXPECT_EQ(read->linearise(points)->layers().size(), network->linearise(points)->layers().size());
  EXPECT_EQ(read->box().has_value(), GetParam().kind == "mlp");
  if (read->box()) {
    EXPECT_EQ(read->box()->upper[0], GetParam().box.upper[0]);
  }
  // what is set is what is written
  network->set(moved(theta_of(*network), 0.1, normals(m, 6)));
  std::ofstream(file, std::ios::binary) << network->file();
  EXPECT_EQ(theta_of(*load_network(Comm(MPI_COMM_SELF), file, GetParam().dimension)),
            theta_of(*network));
}

/// The file without code is the same function, by other code.
TEST_P(Networks, DeclaredLayersAreTheSameFunction) {
  const int d = GetParam().dimension;
  const auto declared = network->declared();
  ASSERT_TRUE(declared);
  const auto read = read_layer_network(layer_network_bytes(declared->arrays, declared->layers), d);
  EXPECT_EQ(read->box().has_value(), network->box().has_value());
  std::vector<double> U(points.size());
  std::vector<Point> slope(points.size()), expected(points.size());
  read->evaluate(points, U);
  read->gradient(points, slope);
  network->gradient(points, expected);
  double size = 0, steep = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    size = std::max(size, std::abs(value()[i]));
    for (const double x : expected[i]) steep = std::max(steep, std::abs(x));
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(U[i], value()[i], 1e-14 * size);
    for (std::size_t a = 0; a < 3; ++a) EXPECT_NEAR(slope[i][a], expected[i][a], 1e-13 * steep);
  }
}

TEST_P(Networks, NoPointsAreNoWork) {
  std::vector<double> none, g(m, 0.0);
  network->evaluate({}, none);
  const auto J = network->linearise({});
  J->apply(normals(m, 1), none);
  J->add_adjoint({}, g);
  EXPECT_EQ(network->add_score({}, {}, 1, 1, g), 0);
  EXPECT_EQ(norm(g), 0);
}

std::string name_of(const testing::TestParamInfo<NetworkDesign>& tested) {
  return tested.param.kind + std::to_string(tested.param.dimension);
}
INSTANTIATE_TEST_SUITE_P(Designs, Networks,
                         testing::Values(mlp(1), mlp(2), mlp(3), quadratic(1), quadratic(2),
                                         quadratic(3)),
                         name_of);

/// PyTorch knows nothing of Otto: tests/torch/evaluate.py loads the file and prints U.
TEST(NetworkFiles, PyTorchReadsThem) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    GTEST_SKIP() << "PyTorch is not installed (Debian package python3-torch)";
  }
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  for (const NetworkDesign& design : {mlp(3), quadratic(2)}) {
    const auto network = make_network(design);
    const auto points = points_in(design.dimension, 40);
    const auto file = scratch.path() / "energy.pt", in = scratch.path() / "points",
               out = scratch.path() / "values";
    std::ofstream(file, std::ios::binary) << network->file();
    std::ofstream table(in);
    table.precision(17);
    for (const Point& x : points) {
      for (int a = 0; a < design.dimension; ++a) table << x[std::size_t(a)] << ' ';
      table << '\n';
    }
    table.close();
    const std::string script = std::string(OTTO_SOURCE_DIR) + "/tests/torch/evaluate.py ";
    ASSERT_EQ(std::system(("/usr/bin/python3 " + script + file.string() + " " + in.string() +
                           " > " + out.string())
                              .c_str()),
              0);
    std::vector<double> U(points.size());
    network->evaluate(points, U);
    std::ifstream values(out);
    for (const double u : U) {
      double other = 0;
      ASSERT_TRUE(values >> other);
      EXPECT_NEAR(other, u, 1e-14 * (1 + std::abs(u)));
    }
  }
}

TEST(NetworkDesigns, TheQuadraticIsItsFormula) {
  const auto network = make_network(quadratic(2));  // A = [1, 1.25; 1.4, 1.45]
  std::vector<double> U(1);
  network->evaluate(std::vector<Point>{{2, -3, 0}}, U);
  EXPECT_NEAR(U[0], 0.5 * (1 * 4 + (1.25 + 1.4) * -6 + 1.45 * 9), 1e-14);
}

TEST(NetworkDesigns, SeedsDecideTheParametersAndNothingElseDoes) {
  auto design = mlp(2);
  const auto first = theta_of(*make_network(design));
  EXPECT_EQ(theta_of(*make_network(design)), first);
  design.seed = 4;
  EXPECT_NE(theta_of(*make_network(design)), first);
}

TEST(NetworkDesigns, NonsenseIsRefused) {
  auto design = mlp(2);
  design.kind = "transformer";
  expect_error([&] { make_network(design); }, {"transformer"});
  design = mlp(2);
  design.box = {};
  expect_error([&] { make_network(design); }, {"training box"});
}

}  // namespace
}  // namespace otto
