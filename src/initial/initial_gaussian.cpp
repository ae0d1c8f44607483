// A Gaussian N(m, C) as cell averages.
//
// C diagonal, on a box: a product over the axes of exact averages
//
//   1/(b - a) int_a^b N(x; m, s^2) dx = [erf(v/sqrt 2) - erf(u/sqrt 2)] / 2(b - a),
//   u = (a - m)/s, v = (b - m)/s,
//
// by erfc on the side of the tail, and by Gauss quadrature on cells so small that the difference
// would cancel. Otherwise: quadrature in the cell. Where the mesh is periodic, of a box or of Gmsh,
// the images N(m + k p, .) along each period p are summed until the next would be below rounding.

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "initial_kinds.h"
#include "otto/casefile/key.h"
#include "otto/core/caution.h"
#include "otto/mesh/periods.h"
#include "otto/tables/quadrature.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "initial.mean",
                     .type = Type::real_or_reals,
                     .doc = "Mean, one coordinate per axis.",
                     .required = true,
                     .when = "kind=gaussian",
                     .equation = "rho = N(mean, variance)"},
                    {.path = "initial.variance",
                     .type = Type::real_or_reals,
                     .doc = "Variance, one number for all axes or one per axis.",
                     .range = positive,
                     .when = "kind=gaussian",
                     .equation = "rho = N(mean, variance)"},
                    {.path = "initial.covariance",
                     .type = Type::reals,
                     .doc = "Covariance matrix row by row, instead of the variance.",
                     .when = "kind=gaussian",
                     .equation = "rho = N(mean, covariance)"}},
                   {{"initial.kind", "gaussian", "A Gaussian, wrapped around periodic axes.",
                     "rho = N(mean, variance)"}}};

struct Gaussian {
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Identity();  // unit beyond the dimension
};

Gaussian read_gaussian(const Section& initial, int d) {
  Gaussian g;
  const auto expect = [&](const char* key, std::size_t size, std::size_t needed) {
    if (size == needed) return;
    initial.fail(
        key, fmt::format("has {} numbers; {} are needed on a mesh with {} axes", size, needed, d));
  };
  const auto axes = static_cast<std::size_t>(d);
  const std::vector<double> mean = initial.reals("mean");
  expect("mean", mean.size(), axes);
  for (int a = 0; a < d; ++a) g.mean[a] = mean[static_cast<std::size_t>(a)];
  if (initial.has("variance") == initial.has("covariance")) {
    initial.fail("kind", "a gaussian takes either 'variance' or 'covariance'");
  }
  if (initial.has("variance")) {
    std::vector<double> variance = initial.reals("variance");
    if (variance.size() == 1) variance.resize(axes, variance[0]);
    expect("variance", variance.size(), axes);
    for (int a = 0; a < d; ++a) g.covariance(a, a) = variance[static_cast<std::size_t>(a)];
    return g;
  }
  const std::vector<double> entries = initial.reals("covariance");
  expect("covariance", entries.size(), axes * axes);
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) g.covariance(i, j) = entries[static_cast<std::size_t>(i * d + j)];
  }
  if (!g.covariance.isApprox(g.covariance.transpose(), 1e-12) ||
      Eigen::LLT<Eigen::Matrix3d>(g.covariance).info() != Eigen::Success) {
    initial.fail("covariance", "is not symmetric positive definite");
  }
  return g;
}

double length(const Box& box, std::size_t axis) {
  return box.nodes[axis].back() - box.nodes[axis].front();
}

Eigen::Vector3d vector_of(const Point& p) { return {p[0], p[1], p[2]}; }

/// Images of the mean on either side along a period p that count.
int images(const Gaussian& g, const Point& period) {
  const Eigen::Vector3d p = vector_of(period);
  const double deviations = std::sqrt(p.dot(g.covariance * p)) / p.squaredNorm();
  return static_cast<int>(std::ceil(0.5 + 9 * std::min(deviations, 1e6)));
}

/// The mean, moved along the periods of the mesh to where it begins.
Eigen::Vector3d wrapped_mean(const Mesh& mesh, const Gaussian& g) {
  Eigen::Vector3d mean = g.mean, lower = Eigen::Vector3d::Zero();
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    lower[static_cast<Eigen::Index>(a)] = lower_end(mesh, a);
  }
  for (const Point& period : periods_of(mesh)) {
    const Eigen::Vector3d p = vector_of(period);
    mean -= p * std::floor((mean - lower).dot(p) / p.squaredNorm());
  }
  return mean;
}

/// Mean of the normal density over [u, v], to a few roundings of its own size (and those that u and
/// v have: exp(-u^2/2) multiplies them by u^2).
double normal_mean(double u, double v) {
  using std::numbers::sqrt2;
  if ((v - u) * std::max({1.0, std::abs(u), std::abs(v)}) < 0.25) {
    const GaussRule& rule = gauss_legendre(5);
    double sum = 0;
    for (std::size_t q = 0; q < 5; ++q) {
      const double z = u + rule.node[q] * (v - u);
      sum += rule.weight[q] * std::exp(-0.5 * z * z);
    }
    return sum * std::numbers::inv_sqrtpi / sqrt2;
  }
  const double half = 0.5 / (v - u);
  if (u > 0) return half * (std::erfc(u / sqrt2) - std::erfc(v / sqrt2));
  if (v < 0) return half * (std::erfc(-v / sqrt2) - std::erfc(-u / sqrt2));
  return half * (std::erf(v / sqrt2) - std::erf(u / sqrt2));
}

/// Averages over this rank's cells along one axis.
std::vector<double> axis_averages(const Mesh& mesh, const Gaussian& g, std::size_t axis) {
  const BoxBlock& block = *mesh.box;
  const auto a = static_cast<Eigen::Index>(axis);
  const double mean = wrapped_mean(mesh, g)[a], deviation = std::sqrt(g.covariance(a, a));
  const double L = length(block.box, axis);
  const bool periodic = block.box.periodic[axis];
  Point period{};
  period[axis] = L;
  const int count = periodic ? images(g, period) : 0;
  // Wrapped around more than five times, it is uniform to e^{-2 pi^2 25}.
  const bool uniform = periodic && deviation > 5 * L;
  std::vector<double> averages;
  for (std::int32_t i = 0; i < block.size[axis]; ++i) {
    const auto at = static_cast<std::size_t>(block.begin[axis] + i);
    const double lower = block.box.nodes[axis][at], upper = block.box.nodes[axis][at + 1];
    double sum = 0;
    for (int k = -count; !uniform && k <= count; ++k) {
      sum += normal_mean((lower - mean - k * L) / deviation, (upper - mean - k * L) / deviation);
    }
    averages.push_back(uniform ? 1 / L : sum / deviation);
  }
  return averages;
}

std::vector<double> product_density(const Mesh& mesh, const Gaussian& g) {
  std::array<std::vector<double>, 3> axis{{{1.0}, {1.0}, {1.0}}};
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    axis[a] = axis_averages(mesh, g, a);
  }
  std::vector<double> rho;
  rho.reserve(static_cast<std::size_t>(mesh.owned));
  for (const double z : axis[2]) {
    for (const double y : axis[1]) {
      for (const double x : axis[0]) rho.push_back(x * y * z);
    }
  }
  return rho;
}

std::vector<double> quadrature_density(const Section& initial, const Mesh& mesh,
                                       const Gaussian& g) {
  const Eigen::Matrix3d root =
      Eigen::Matrix3d(Eigen::LLT<Eigen::Matrix3d>(g.covariance).matrixL()).inverse();
  const Eigen::Vector3d mean = wrapped_mean(mesh, g);
  std::vector<Eigen::Vector3d> centers{mean};
  for (const Point& period : periods_of(mesh)) {
    const int n = images(g, period);
    if (n > 50) {
      initial.fail(initial.has("covariance") ? "covariance" : "variance",
                   "is wider than five periods of the mesh; take kind = \"uniform\"");
    }
    const std::vector<Eigen::Vector3d> row = std::move(centers);
    centers = {};
    for (int k = -n; k <= n; ++k) {
      for (const auto& c : row) centers.emplace_back(c + k * vector_of(period));
    }
  }
  return cell_averages(mesh, [&](std::span<const Point> points, std::span<double> values) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Eigen::Vector3d x = Eigen::Map<const Eigen::Vector3d>(points[i].data());
      values[i] = 0;
      for (const auto& c : centers) values[i] += std::exp(-0.5 * (root * (x - c)).squaredNorm());
    }
  });
}

/// The product is that of normal densities, the quadrature that of exp(-|z|^2/2).
bool is_product(const Gaussian& g, const Mesh& mesh) {
  return mesh.box && g.covariance.isDiagonal(0);
}

/// Share of a Gaussian below which a word is due: half of it is inside where the mean lies on a
/// wall, a quarter in a corner, a tenth where it lies 1.3 deviations outside.
constexpr double kept_share = 0.1;

/// Of a cell's width, in deviations: averages over such cells have 9/12 more variance.
constexpr double wide = 3;

void tell_narrow(const Section& initial, const Mesh& mesh, const Gaussian& g) {
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    smallest = std::min(smallest, mesh.volume[i]);
  }
  const double power = 1.0 / mesh.dimension;
  const double width = std::pow(-mesh.comm.max(-smallest), power);
  const double deviation = std::pow(g.covariance.determinant(), 0.5 * power);
  if (width <= wide * deviation) return;
  caution(
      fmt::format("{}: this Gaussian has the deviation {:.2g} on cells of the width {:.2g}: it "
                  "starts as wide as "
                  "a cell; take finer cells there, or a wider Gaussian",
                  initial.where("mean"), deviation, width));
}

}  // namespace

void check_gaussian_mass(const Section& initial, const Mesh& mesh, double found) {
  const Gaussian g = read_gaussian(initial, mesh.dimension);
  const double whole = is_product(g, mesh) ? 1
                                           : std::pow(2 * std::numbers::pi, 0.5 * mesh.dimension) *
                                                 std::sqrt(g.covariance.determinant());
  tell_narrow(initial, mesh, g);
  if (found >= kept_share * whole) return;
  caution(fmt::format(
      "{}: the mesh holds {:.2g} of the mass of this Gaussian, which is scaled up to initial.mass; "
      "is it meant to lie outside?",
      initial.where("mean"), found / whole));
}

std::vector<double> gaussian_density(const Section& initial, const Mesh& mesh) {
  const Gaussian g = read_gaussian(initial, mesh.dimension);
  return is_product(g, mesh) ? product_density(mesh, g) : quadrature_density(initial, mesh, g);
}

}  // namespace otto
