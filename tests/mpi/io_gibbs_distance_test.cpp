// The relative entropy against its definition in extended precision, far from and close to rest.

#include <gtest/gtest.h>

#include <cmath>

#include "otto/driver/gibbs_distance.h"

using namespace otto;

namespace {

struct Well : ExternalEnergy {
  double height;
  explicit Well(double h) : height(h) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double q = points[i][0] * points[i][0] - 1;
      values[i] = height * q * q + points[i][1] + 7;
    }
  }
};

class Distance : public testing::Test {
 protected:
  static constexpr double kT = 0.7;
  Distance() : mesh_(make_box_mesh(Comm(), box())) {}
  static Box box() {
    Box b;
    b.dimension = 2;
    b.nodes[0] = graded_nodes(-2, 2, 40, 2);
    b.nodes[1] = graded_nodes(0, 1, 7, 1);
    return b;
  }
  static FreeEnergy energy(double height) {
    std::vector<std::unique_ptr<ExternalEnergy>> terms;
    terms.push_back(std::make_unique<Well>(height));
    return FreeEnergy(kT, std::move(terms));
  }
  [[nodiscard]] long double sum(long double x) const {
    long double total = 0;
    MPI_Allreduce(&x, &total, 1, MPI_LONG_DOUBLE, MPI_SUM, mesh_.comm.handle());
    return total;
  }
  /// exp(-V/kT), scaled to the mass, in extended precision.
  [[nodiscard]] std::vector<long double> gibbs(const Generator& g, long double mass) const {
    std::vector<long double> pi;
    long double z = 0;
    for (std::size_t i = 0; i < owned(); ++i) {
      pi.push_back(std::exp(-static_cast<long double>(g.external()[i]) / kT));
      z += mesh_.volume[i] * pi.back();
    }
    z = sum(z);
    for (auto& p : pi) p *= mass / z;
    return pi;
  }
  /// What a run writes of rho.
  static double distance(const Generator& g, std::vector<double> rho) {
    rho.resize(std::size_t(g.mesh().local()));
    g.mesh().halo.update(g.mesh().comm, rho);
    return GibbsDistance(g)(rho, ledger(g, rho, false));
  }
  [[nodiscard]] std::size_t owned() const { return static_cast<std::size_t>(mesh_.owned); }
  Mesh mesh_;
};

TEST_F(Distance, IsTheDefinitionFarFromRest) {
  const FreeEnergy F = energy(3);
  Generator g(mesh_, F, find_flux("scharfetter_gummel"));
  g.set_time(0);
  std::vector<double> rho;
  long double mass = 0;
  for (std::size_t i = 0; i < owned(); ++i) {
    const Point& x = mesh_.center[i];
    rho.push_back(x[0] < -1.5 ? 0 : std::exp(-4 * x[0] * x[0]) + x[1]);
    mass += mesh_.volume[i] * static_cast<long double>(rho[i]);
  }
  mass = sum(mass);
  const auto pi = gibbs(g, mass);
  long double exact = 0;
  for (std::size_t i = 0; i < owned(); ++i) {
    if (rho[i] > 0) exact += mesh_.volume[i] * rho[i] * std::log(rho[i] / pi[i]);
  }
  exact = sum(exact);
  EXPECT_NEAR(distance(g, rho), static_cast<double>(exact),
              1e-13 * static_cast<double>(exact));
}

TEST_F(Distance, KeepsItsDigitsCloseToRest) {
  const FreeEnergy F = energy(2);
  Generator g(mesh_, F, find_flux("scharfetter_gummel"));
  g.set_time(0);
  const auto pi = gibbs(g, 1);
  for (const double e : {0.3, 0.05, 0.029, 1e-3, 1e-6}) {
    std::vector<double> rho;
    long double mass = 0, exact = 0;
    for (std::size_t i = 0; i < owned(); ++i) {
      rho.push_back(static_cast<double>(pi[i] * (1 + e * std::sin(mesh_.center[i][0]))));
      mass += mesh_.volume[i] * static_cast<long double>(rho[i]);
    }
    mass = sum(mass);
    for (std::size_t i = 0; i < owned(); ++i) {
      const long double p = mass * pi[i], d = (rho[i] - p) / p;
      exact += mesh_.volume[i] * p * ((1 + d) * std::log1p(d) - d);
    }
    exact = sum(exact);
    EXPECT_NEAR(distance(g, rho) / static_cast<double>(exact), 1,
                1e-12 + 1e-15 / e)
        << e;
  }
}

TEST_F(Distance, DeepWellsWhereTheGibbsDensityUnderflows) {
  const FreeEnergy F = energy(2000);
  Generator g(mesh_, F, find_flux("scharfetter_gummel"));
  g.set_time(0);
  const std::vector<double> rho(owned(), 0.25);
  long double exact = 0, z = 0;
  for (std::size_t i = 0; i < owned(); ++i) {
    z += mesh_.volume[i] * std::exp(-static_cast<long double>(g.external()[i]) / kT);
  }
  z = sum(z);
  for (std::size_t i = 0; i < owned(); ++i) {
    exact += mesh_.volume[i] * 0.25L *
             (std::log(0.25L) + static_cast<long double>(g.external()[i]) / kT + std::log(z));
  }
  exact = sum(exact);
  EXPECT_NEAR(distance(g, rho) / static_cast<double>(exact), 1, 1e-13);
}

}  // namespace
