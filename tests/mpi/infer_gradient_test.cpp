// Gradients of the fit's objective against central differences of fourth order, V by cells, splines and a network, on boxes
// and triangles, and the same objective on any number of ranks.

#include <gtest/gtest.h>

#include <cmath>

#include "mesh_files.h"
#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/infer/network_fit.h"
#include "otto/infer/scattered_plate.h"
#include "otto/infer/start.h"
#include "otto/mesh/box.h"

namespace otto {
namespace {

Mesh box_2d() {
  Box b;
  b.dimension = 2;
  b.nodes[0] = graded_nodes(0, 1, 12, 1.4);
  b.nodes[1] = graded_nodes(0, 1, 10, 1);
  return make_box_mesh(Comm(), b);
}

Mesh triangles() { return mesh_of(Comm(), "meshes/acute", 1); }

/// Three densities that move and spread.
Snapshots moving(const Mesh& mesh) {
  Snapshots data;
  for (int k = 0; k < 3; ++k) {
    Snapshot s;
    s.time = 0.02 * k;
    double sum = 0;
    for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
      const auto [x, y, z] = mesh.center[i];
      const double width = 0.05 + 0.01 * k;
      s.density.push_back(
          std::exp(-(std::pow(x - 0.3 - 0.05 * k, 2) + std::pow(y - 0.6, 2)) / width));
      sum += mesh.volume[i] * s.density.back();
    }
    sum = mesh.comm.sum(sum);
    for (double& rho : s.density) rho /= sum;
    data.seen.push_back(s);
  }
  return data;
}

FitSettings of(std::vector<int> splines) {
  FitSettings s;
  s.temperature = true;
  s.splines = std::move(splines);
  return s;
}

struct Setting {
  Setting(Mesh m, const char* flux, std::vector<int> splines)
      : mesh(std::move(m)),
        data(moving(mesh)),
        energy(0.5, {}),
        generator(mesh, energy, find_flux(flux)),
        settings(of(std::move(splines))),
        objective(generator, data, settings, {3, 4}, {.rtol = 1e-13}) {
    objective.alpha = 1e-3;
  }
  /// A point where V is smooth, kT = 0.4, and V rises or falls across every face of a box: where it turns, a limited flux has no
  /// second derivative, and differences are of low order.
  [[nodiscard]] Objective::Vector point() const {
    std::vector<double> V;
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
      const auto [x, y, z] = mesh.center[k];
      V.push_back(3 * x + x * x - 4 * y + y * y + 0.1 * std::sin(3 * x + y));
    }
    Objective::Vector at(objective.size(), 0.0);
    objective.set_potential(V, at);
    at.back() = std::log(0.4);
    return at;
  }

  Mesh mesh;
  Snapshots data;
  FreeEnergy energy;
  Generator generator;
  FitSettings settings;
  Objective objective;
};

/// (8 (f(h) - f(-h)) - (f(2 h) - f(-2 h))) / (12 h).
template <class F>
double difference(F&& f, double h) {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/// The same on every number of ranks.
Objective::Vector direction(const Setting& s) {
  const std::size_t block = s.objective.unknowns().block();
  Objective::Vector p(s.objective.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    const bool cell = i < s.objective.unknowns().cells;
    const std::int64_t place =
        cell ? s.mesh.global[i] : 1000 + std::int64_t(i - (i < block ? 0 : block));
    p[i] = RandomAt(7, 0, std::uint64_t(place)).normal()[0];
  }
  return p;
}

void expect_gradient(Setting s) {
  Objective& J = s.objective;
  const Objective::Vector x = s.point(), p = direction(s);
  Objective::Vector g(x.size()), at(x.size());
  (void)J.value(x);
  J.refresh();
  const auto value = [&](double h) {
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = x[i] + h * p[i];
    return J.value(at);
  };
  const double slope = difference(value, 1e-3);
  (void)J.value(x);
  J.gradient(g);
  EXPECT_NEAR(J.dot(g, p), slope, 1e-8 * std::abs(slope));
  // (p, H q) = (H p, q), and the information is that of the product
  Objective::Vector q(x.size()), Hp(x.size()), Hq(x.size());
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = std::cos(p[i]);
  J.product(p, Hp);
  J.product(q, Hq);
  EXPECT_NEAR(J.dot(q, Hp), J.dot(p, Hq), 1e-9 * std::abs(J.dot(p, Hp)));
  J.product(p, Hp, false);
  const double information = J.information(J.potential(p), {}, p.back());
  EXPECT_NEAR(information, J.dot(p, Hp), 1e-9 * information);
}

TEST(InferGradient, Cells) { expect_gradient({box_2d(), "limited", {}}); }
TEST(InferGradient, Splines) { expect_gradient({box_2d(), "limited", {5, 4}}); }
TEST(InferGradient, Triangles) { expect_gradient({triangles(), "scharfetter_gummel", {}}); }
TEST(InferGradient, SplinesOnTriangles) {
  expect_gradient({triangles(), "scharfetter_gummel", {4, 4}});
}

/// U = sum_i a_i tanh(b_i x + c_i y + d_i).
class Tanh final : public Network {
 public:
  explicit Tanh(std::size_t units) : theta_(4 * units) {
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] = RandomAt(3, 0, i).normal()[0];
  }
  [[nodiscard]] int dimension() const override { return 2; }
  [[nodiscard]] std::int64_t parameters() const override { return std::int64_t(theta_.size()); }
  void evaluate(std::span<const Point> points, std::span<double> U) const override {
    std::ranges::copy(linearise(points)->value(), U.begin());
  }
  void gradient(std::span<const Point>, std::span<Point>) const override {}
  void get(std::span<double> theta) const override { std::ranges::copy(theta_, theta.begin()); }
  void set(std::span<const double> theta) override { theta_.assign(theta.begin(), theta.end()); }
  double add_score(std::span<const Point>, std::span<const double>, double, double,
                   std::span<double>) const override {
    return 0;
  }
  [[nodiscard]] std::unique_ptr<Linearisation> linearise(
      std::span<const Point> points) const override;
  [[nodiscard]] std::string file() const override { return {}; }

 private:
  std::vector<double> theta_;
};

class TanhAt final : public Linearisation {
 public:
  TanhAt(const std::vector<double>& theta, std::span<const Point> points) : m_(theta.size()) {
    for (const Point& x : points) {
      double U = 0;
      for (std::size_t i = 0; i < m_; i += 4) {
        const double t = std::tanh(theta[i + 1] * x[0] + theta[i + 2] * x[1] + theta[i + 3]),
                     slope = theta[i] * (1 - t * t);
        U += theta[i] * t;
        for (const double part : {t, slope * x[0], slope * x[1], slope}) J_.push_back(part);
      }
      value_.push_back(U);
    }
  }
  [[nodiscard]] std::span<const double> value() const override { return value_; }
  void apply(std::span<const double> s, std::span<double> dU) const override {
    for (std::size_t k = 0; k < value_.size(); ++k) {
      dU[k] = 0;
      for (std::size_t i = 0; i < m_; ++i) dU[k] += J_[k * m_ + i] * s[i];
    }
  }
  void add_adjoint(std::span<const double> c, std::span<double> g) const override {
    for (std::size_t k = 0; k < value_.size(); ++k) {
      for (std::size_t i = 0; i < m_; ++i) g[i] += J_[k * m_ + i] * c[k];
    }
  }

 private:
  std::size_t m_;
  std::vector<double> value_, J_;
};

std::unique_ptr<Linearisation> Tanh::linearise(std::span<const Point> points) const {
  return std::make_unique<TanhAt>(theta_, points);
}

TEST(InferGradient, Network) {
  Setting s(box_2d(), "limited", {});
  Tanh network(4);
  const std::vector<double> R = data_integral(s.data);
  NetworkFit fit(s.objective, network, R, 0.02, {.first_steps = 4, .max_cg = 4, .max_trials = 8});
  (void)s.objective.value(s.point());
  s.objective.refresh();
  (void)s.objective.value(s.point());
  fit.start(s.point(), 0);
  const Eigen::VectorXd g = fit.gradient();
  Eigen::VectorXd p(g.size());
  for (Eigen::Index i = 0; i < p.size(); ++i) p[i] = RandomAt(8, 0, std::uint64_t(i)).normal()[0];
  const double slope = difference([&](double h) { return fit.value_beside(h * p); }, 1e-3);
  EXPECT_NEAR(g.dot(p), slope, 1e-8 * std::abs(slope));
  const double before = fit.value_beside(0 * p);
  NewtonRow row;
  fit.step(row);
  EXPECT_LT(row.objective, before);
}

TEST(ScatteredPlate, IsTheBendingEnergyOfPolynomials) {
  for (const char* cells : {"elements", "vertices"}) {
    const Mesh mesh = mesh_of(Comm(), "meshes/acute", 1, "bisection", cells);
    const ScatteredPlate prior(mesh);
    std::vector<double> linear, square, out(std::size_t(mesh.owned));
    for (std::size_t k = 0; k < out.size(); ++k) {
      const auto [x, y, z] = mesh.center[k];
      linear.push_back(3 + 2 * x - y);
      square.push_back(x * x + 3 * x * y - 2 * y * y);
    }
    EXPECT_LT(prior.energy(linear), 1e-16);
    EXPECT_NEAR(prior.energy(square), 4 + 2 * 9 + 16, 1e-9);  // |Hess|^2 on the unit square
    prior.apply(square, out);
    double product = 0;
    for (std::size_t k = 0; k < out.size(); ++k) product += out[k] * square[k];
    EXPECT_NEAR(mesh.comm.sum(product), prior.energy(square), 1e-9);
  }
}

TEST(ScatteredPlate, PenalisesWhatAlternates) {
  const Mesh mesh = triangles();
  const ScatteredPlate prior(mesh);
  std::vector<double> noise;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    noise.push_back(RandomAt(5, 0, std::uint64_t(mesh.global[k])).normal()[0]);
  }
  EXPECT_GT(prior.energy(noise), 1e4);  // of the order of h^-4
}

TEST(TensorSplines, AreTheNearestOnes) {
  for (const bool box : {true, false}) {
    const Mesh mesh = box ? box_2d() : triangles();
    const TensorSplines splines(mesh, {5, 4});
    EXPECT_EQ(splines.size(), 8U * 7U);
    std::vector<double> cubic(std::size_t(mesh.owned)), back(cubic.size()), y(splines.size()),
        one(splines.size(), 1.0);
    splines.values(one, back);
    for (const double v : back) EXPECT_NEAR(v, 1, 1e-14);
    for (std::size_t k = 0; k < cubic.size(); ++k) {
      const auto [x, z, w] = mesh.center[k];
      cubic[k] = x * x * x - 2 * x * z + z * z * z;
    }
    splines.project(cubic, y);
    splines.values(y, back);
    for (std::size_t k = 0; k < back.size(); ++k) EXPECT_NEAR(back[k], cubic[k], 1e-9);
    // (project V, r) = (V, lift r)
    std::vector<double> r(y.size()), lifted(cubic.size());
    for (std::size_t i = 0; i < r.size(); ++i) r[i] = RandomAt(2, 0, i).normal()[0];
    splines.lift(r, lifted);
    double left = 0, right = 0;
    for (std::size_t i = 0; i < r.size(); ++i) left += r[i] * y[i];
    for (std::size_t k = 0; k < lifted.size(); ++k) right += lifted[k] * cubic[k];
    EXPECT_NEAR(left, mesh.comm.sum(right), 1e-9 * std::abs(left));
  }
}

}  // namespace
}  // namespace otto
