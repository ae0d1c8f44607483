// Networks of any dimension through the border of the torch module: derivatives against central
// differences, Jacobians against gradients, the reference inside the file, round trips.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/network/network_module.h"
#include "scratch.h"

namespace otto {
namespace {

std::vector<double> normals(std::size_t n, std::uint64_t stream) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = RandomAt(23, stream, i).normal()[0];
  return x;
}

/// A lower triangular factor, a multiple of the identity for a clique.
ReferenceBuffers reference(int d, bool product) {
  ReferenceBuffers g;
  const auto numbers = normals(std::size_t(d * d), 3);
  for (int a = 0; a < d; ++a) {
    g.mean.push_back(product ? 0.2 : 0.1 * a);
    for (int b = 0; b < d; ++b) {
      const double below = b < a && !product ? 0.3 * numbers[std::size_t(a * d + b)] : 0;
      g.factor.push_back(a == b ? 1.3 : below);
    }
  }
  return g;
}

WideDesign design(const std::string& kind, bool with_reference) {
  WideDesign w;
  w.periodic = kind.ends_with("periodic conv");
  w.kind = w.periodic ? "conv" : kind;
  w.dimension = w.kind == "conv" ? 16 : 6;
  w.widths = {7, 5};
  w.image = kind == "flat periodic conv" ? std::vector<std::int64_t>{1, 16} : std::vector<std::int64_t>{4, 4};
  w.channels = {3, 4};
  w.dense = 6;
  w.amplitude = 1;
  w.center.assign(std::size_t(w.dimension), 0.3);
  w.scale.assign(std::size_t(w.dimension), 1.7);
  if (kind == "quadratic") w.matrix = normals(36, 4);
  if (with_reference) w.reference = reference(w.dimension, kind == "clique");
  return w;
}

class Wide : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    made = make_wide_network(design(GetParam(), true));
    d = std::size_t(made->dimension());
    m = std::size_t(made->parameters());
    theta.resize(m);
    made->get(theta);
    x = normals(n * d, 8);
    w = normals(n, 9);
  }
  /// (S(theta + e s) - S(theta - e s)) / 2e for a sum S of the network.
  template <class Sum>
  double quotient(const std::vector<double>& s, const Sum& sum) {
    constexpr double e = 1e-5;
    double value[2];
    for (int side = 0; side < 2; ++side) {
      std::vector<double> moved = theta;
      for (std::size_t i = 0; i < m; ++i) moved[i] += (side == 0 ? e : -e) * s[i];
      made->set(moved);
      value[side] = sum();
    }
    made->set(theta);
    return (value[0] - value[1]) / (2 * e);
  }
  static double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  [[nodiscard]] std::vector<double> values(const std::vector<double>& at) const {
    std::vector<double> U(at.size() / d);
    made->evaluate(at, U, {});
    return U;
  }

  static constexpr std::size_t n = 5;
  std::unique_ptr<WideNetwork> made;
  std::size_t d = 0, m = 0;
  std::vector<double> theta, x, w;
};

TEST_P(Wide, SlopeIsTheDifferenceQuotient) {
  std::vector<double> U(n), slope(n * d);
  made->evaluate(x, U, slope);
  constexpr double e = 1e-5;
  for (std::size_t i = 0; i < n * d; ++i) {
    std::vector<double> up = x, down = x;
    up[i] += e;
    down[i] -= e;
    EXPECT_NEAR(slope[i], (values(up)[i / d] - values(down)[i / d]) / (2 * e), 1e-6);
  }
}

TEST_P(Wide, GradientsInTheta) {
  const std::vector<double> s = normals(m, 11), t = normals(n * d, 12), v = normals(n * d, 13);
  const std::vector<double> L = reference(int(d), false).factor;
  std::vector<double> g(m, 0.0), none;
  double value = made->add_gradient(x, w, g);
  EXPECT_NEAR(value, dot(w, values(x)), 1e-10);
  EXPECT_NEAR(dot(g, s), quotient(s, [&] { return dot(w, values(x)); }), 1e-5);

  std::fill(g.begin(), g.end(), 0.0);
  value = made->add_slope_square(x, w, L, t, g);
  std::vector<double> U(n), slope(n * d);
  made->evaluate(x, U, slope);
  double by_hand = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t b = 0; b < d; ++b) {
      double off = -t[i * d + b];
      for (std::size_t a = 0; a < d; ++a) off += L[a * d + b] * slope[i * d + a];
      by_hand += 0.5 * w[i] * off * off;
    }
  }
  EXPECT_NEAR(value, by_hand, 1e-9 * (1 + std::abs(by_hand)));
  EXPECT_NEAR(dot(g, s), quotient(s, [&] { return made->add_slope_square(x, w, L, t, none); }),
              1e-4 * (1 + std::abs(value)));

  std::fill(g.begin(), g.end(), 0.0);
  value = made->add_curvature(x, w, v, g);
  constexpr double e = 1e-4;  // v^T Hess U v by second differences
  std::vector<double> up = x, down = x;
  for (std::size_t i = 0; i < n * d; ++i) {
    up[i] += e * v[i];
    down[i] -= e * v[i];
  }
  EXPECT_NEAR(value, (dot(w, values(up)) - 2 * dot(w, values(x)) + dot(w, values(down))) / (e * e),
              1e-4 * (1 + std::abs(value)));
  EXPECT_NEAR(dot(g, s), quotient(s, [&] { return made->add_curvature(x, w, v, none); }),
              1e-4 * (1 + std::abs(value)));
}

TEST_P(Wide, JacobianHasTheGradientsRows) {
  std::vector<double> J(n * m), g(m);
  made->jacobian(x, J);
  for (std::size_t i = 0; i < n; ++i) {
    std::fill(g.begin(), g.end(), 0.0);
    const std::vector<double> one(1, 1.0);
    (void)made->add_gradient(std::span(x).subspan(i * d, d), one, g);
    for (std::size_t k = 0; k < m; ++k) EXPECT_NEAR(J[i * m + k], g[k], 1e-10);
  }
}

TEST_P(Wide, ReferenceIsInsideAndNormalised) {
  // amplitude 0: the energy is -log g
  WideDesign plain = design(GetParam(), true);
  plain.amplitude = 0;
  if (plain.kind == "quadratic") plain.matrix.assign(36, 0.0);
  made = make_wide_network(plain);
  const ReferenceBuffers g = *made->reference();
  EXPECT_EQ(g.mean, plain.reference->mean);
  EXPECT_EQ(g.factor, plain.reference->factor);
  // at the mean U is log det L + d/2 log 2 pi
  const double constant = double(d) * (std::log(1.3) + 0.5 * std::log(2 * std::numbers::pi));
  EXPECT_NEAR(values(g.mean)[0], constant, 1e-12);
  // at m + L e_1: 1/2 more
  std::vector<double> moved = g.mean;
  for (std::size_t a = 0; a < d; ++a) moved[a] += g.factor[a * d];
  EXPECT_NEAR(values(moved)[0], constant + 0.5, 1e-12);
}

TEST_P(Wide, FileKeepsEverything) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto file = scratch.path() / "energy.pt";
  std::ofstream(file, std::ios::binary) << made->file();
  const auto read = load_wide_network(Comm(MPI_COMM_SELF), file, 0);
  EXPECT_EQ(read->dimension(), int(d));
  EXPECT_EQ(read->parameters(), std::int64_t(m));
  std::vector<double> U(n), again(n);
  made->evaluate(x, U, {});
  read->evaluate(x, again, {});
  EXPECT_EQ(U, again);
  EXPECT_TRUE(read->reference().has_value());
  EXPECT_THROW(load_wide_network(Comm(MPI_COMM_SELF), file, int(d) + 1), Error);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Wide, testing::Values("quadratic", "mlp", "clique", "conv",
                                                        "periodic conv", "flat periodic conv"));

/// Moved round by the strides of all convolutions a periodic image keeps its energy; by less, or where
/// it is not periodic, it does not.
TEST(WideNetwork, PeriodicImagesHaveNoEdge) {
  struct Move {
    const char* kind;
    int height, width, down, right;
    bool same;
  };
  for (const Move& move : {Move{"flat periodic conv", 1, 16, 0, 2, true},
                           Move{"flat periodic conv", 1, 16, 0, 1, false},
                           Move{"periodic conv", 4, 4, 2, 0, true},
                           Move{"periodic conv", 4, 4, 2, 2, true},
                           Move{"periodic conv", 4, 4, 1, 0, false},
                           Move{"conv", 4, 4, 2, 0, false}}) {
    WideDesign w = design(move.kind, false);
    const auto network = make_wide_network(w);
    const std::vector<double> x = normals(16, 17);
    std::vector<double> moved(16), U(1), U_moved(1);
    for (int i = 0; i < move.height; ++i) {
      for (int k = 0; k < move.width; ++k) {
        const int i_to = (i + move.down) % move.height, k_to = (k + move.right) % move.width;
        moved[std::size_t(i_to * move.width + k_to)] = x[std::size_t(i * move.width + k)];
      }
    }
    network->evaluate(x, U, {});
    network->evaluate(moved, U_moved, {});
    EXPECT_EQ(std::abs(U[0] - U_moved[0]) < 1e-12, move.same) << move.kind << " by " << move.right;
  }
}

TEST(WideNetwork, CliqueIsTheSumOfItsPairs) {
  for (const bool with_reference : {false, true}) {
    const auto clique = make_wide_network(design("clique", with_reference));
    ASSERT_TRUE(clique->has_pair());
    const std::vector<double> x = normals(6, 31);
    std::vector<double> U(1), ab, u(6);
    for (std::size_t i = 0; i < 6; ++i) {
      ab.push_back(x[i]);
      ab.push_back(x[(i + 1) % 6]);
    }
    clique->evaluate(x, U, {});
    clique->pair(ab, u);
    double sum = 0;
    for (const double v : u) sum += v;
    EXPECT_NEAR(sum, U[0], 1e-12);
  }
  EXPECT_FALSE(make_wide_network(design("mlp", true))->has_pair());
}

TEST(WideNetwork, MeanOfEnergies) {
  for (const char* kind : {"conv", "clique"}) {
    WideDesign w = design(kind, true);
    const std::size_t d = std::size_t(w.dimension), n = 5;
    const std::vector<double> x = normals(n * d, 12);
    std::vector<double> expected(n, 0.0), expected_slope(n * d, 0.0);
    std::vector<std::string> files;
    for (w.seed = 1; w.seed <= 3; ++w.seed) {
      const auto member = make_wide_network(w);
      std::vector<double> U(n), slope(n * d);
      member->evaluate(x, U, slope);
      for (std::size_t i = 0; i < n; ++i) expected[i] += U[i] / 3;
      for (std::size_t i = 0; i < n * d; ++i) expected_slope[i] += slope[i] / 3;
      files.push_back(member->file());
    }
    const auto mean = mean_of_networks(files, w.dimension);
    const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
    const auto file = scratch.path() / "mean.pt";
    std::ofstream(file, std::ios::binary) << mean->file();
    const auto read = load_wide_network(Comm(MPI_COMM_SELF), file, 0);
    for (const WideNetwork* network : {mean.get(), read.get()}) {
      std::vector<double> U(n), slope(n * d);
      network->evaluate(x, U, slope);
      for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(U[i], expected[i], 1e-12) << kind;
      for (std::size_t i = 0; i < n * d; ++i) EXPECT_NEAR(slope[i], expected_slope[i], 1e-12);
      EXPECT_EQ(network->reference()->factor, w.reference->factor);
      EXPECT_EQ(network->has_pair(), w.kind == "clique");
      EXPECT_EQ(network->parameters(), 3 * make_wide_network(w)->parameters());
    }
    if (!mean->has_pair()) continue;
    std::vector<double> ab, u(d), U(1);
    for (std::size_t i = 0; i < d; ++i) ab.insert(ab.end(), {x[i], x[(i + 1) % d]});
    mean->pair(ab, u);
    double sum = 0;
    for (const double v : u) sum += v;
    EXPECT_NEAR(sum, expected[0], 1e-12);
  }
  EXPECT_THROW(mean_of_networks({"no archive"}, 6), InputError);
}

TEST(WideNetwork, SinglePrecisionIsNearDouble) {
  WideDesign w = design("mlp", true);
  const auto exact = make_wide_network(w);
  w.single_precision = true;
  const auto single = make_wide_network(w);
  const std::vector<double> x = normals(30, 5);
  std::vector<double> a(5), b(5);
  exact->evaluate(x, a, {});
  single->evaluate(x, b, {});
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(a[i], b[i], 1e-4);
  EXPECT_NE(a, b);
}

TEST(WideNetwork, RefusesWhatMakesNoSense) {
  WideDesign w = design("conv", true);
  w.image = {4, 5};
  EXPECT_THROW(make_wide_network(w), InputError);
  w = design("conv", true);
  w.channels = {2, 2, 2, 2};  // 4 x 4 is halved twice at most
  EXPECT_THROW(make_wide_network(w), InputError);
  w = design("mlp", true);
  w.widths = {};
  EXPECT_THROW(make_wide_network(w), InputError);
  w.kind = "transformer";
  EXPECT_THROW(make_wide_network(w), InputError);
}

}  // namespace
}  // namespace otto
