// U and the temperature scaled together, U -> c U and kT -> c kT: the Gibbs density, what the flow
// makes of any other one in the time t/c, and the history of a training stay, to rounding.
//
// Training is at temperature 1: there a network c U at the temperature c enters as (c U)/c, which
// is U but for rounding. What rounding does to six iterations is what is measured.

#include <gtest/gtest.h>

#include <cmath>

#include "otto/core/vector_math.h"
#include "otto/flux/two_point.h"
#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"
#include "transport_on_the_line.h"

namespace otto {
namespace {

using namespace test;

/// A network as it is read at temperature kT, its energies c times those of another: U = c U0 / kT,
/// with the parameters theta of U0.
class Scaled final : public Network {
 public:
  Scaled(std::unique_ptr<Network> inner, double c, double kT)
      : inner_(std::move(inner)), c_(c), kT_(kT) {}
  [[nodiscard]] int dimension() const override { return inner_->dimension(); }
  [[nodiscard]] std::int64_t parameters() const override { return inner_->parameters(); }
  void get(std::span<double> theta) const override { inner_->get(theta); }
  void set(std::span<const double> theta) override { inner_->set(theta); }
  void evaluate(std::span<const Point> points, std::span<double> U) const override {
    inner_->evaluate(points, U);
    for (double& u : U) u = c_ * u / kT_;
  }
  void gradient(std::span<const Point> points, std::span<Point> slope) const override {
    inner_->gradient(points, slope);
    for (Point& s : slope) {
      for (double& x : s) x = c_ * x / kT_;
    }
  }
  double add_score(std::span<const Point> points, std::span<const double> w, double a, double b,
                   std::span<double> g) const override {
    const double scale = c_ / kT_;
    return inner_->add_score(points, w, a * scale * scale, b * scale, g);
  }
  [[nodiscard]] std::unique_ptr<Linearisation> linearise(
      std::span<const Point> points) const override;
  [[nodiscard]] std::string file() const override { return inner_->file(); }

 private:
  std::unique_ptr<Network> inner_;
  double c_, kT_;
};

class ScaledLinearisation final : public Linearisation {
 public:
  ScaledLinearisation(std::unique_ptr<Linearisation> inner, double c, double kT)
      : inner_(std::move(inner)), c_(c), kT_(kT) {
    for (const double u : inner_->value()) value_.push_back(c * u / kT);
  }
  [[nodiscard]] std::span<const double> value() const override { return value_; }
  void apply(std::span<const double> s, std::span<double> dU) const override {
    inner_->apply(s, dU);
    for (double& u : dU) u = c_ * u / kT_;
  }
  void add_adjoint(std::span<const double> c, std::span<double> g) const override {
    std::vector<double> scaled(c.begin(), c.end());
    for (double& x : scaled) x = c_ * x / kT_;
    inner_->add_adjoint(scaled, g);
  }

 private:
  std::unique_ptr<Linearisation> inner_;
  double c_, kT_;
  std::vector<double> value_;
};

std::unique_ptr<Linearisation> Scaled::linearise(std::span<const Point> points) const {
  return std::make_unique<ScaledLinearisation>(inner_->linearise(points), c_, kT_);
}

constexpr double factors[] = {0.1, 3, 1e3};

struct Evolved {
  std::vector<double> gibbs, rho;
};

/// exp(-V/kT)/Z, and a step of length dt from the uniform density under (V, kT).
Evolved evolved(const std::vector<double>& V, double kT, double dt) {
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 3, 32));
  const FreeEnergy energy = energy_of(V, kT);
  const Generator generator(mesh, energy, find_flux("scharfetter_gummel"));
  const SolverOptions options{.rtol = 1e-14};
  ShiftedSolver solver(generator, options);
  Evolved e;
  e.gibbs = gibbs_weights(generator);
  std::vector<double> one(V.size(), 1.0 / 36);
  for (std::size_t i = 0; i < one.size(); ++i) one[i] *= mesh.volume[i];
  e.rho.assign(V.size(), 0.0);
  EXPECT_TRUE(solver.solve(dt, {}, one, e.rho).converged);
  return e;
}

TEST(Temperature, DensitiesOfScaledEnergies) {
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 3, 32));
  const auto network = make_network(small_mlp(2, 3));
  std::vector<double> V(std::size_t(mesh.owned));
  network->evaluate(std::span<const Point>(mesh.center.data(), V.size()), V);
  for (double& v : V) v *= 20;
  const Evolved a = evolved(V, 0.7, 0.3);
  for (const double c : factors) {
    std::vector<double> scaled = V;
    for (double& v : scaled) v *= c;
    const Evolved b = evolved(scaled, 0.7 * c, 0.3 / c);
    double sums[] = {0, 0};
    for (std::size_t i = 0; i < V.size(); ++i) {
      EXPECT_NEAR(b.gibbs[i], a.gibbs[i], 1e-13 * a.gibbs[i]) << c;
      EXPECT_NEAR(b.rho[i], a.rho[i], 1e-12 * a.rho[i]) << c;
      sums[0] += mesh.volume[i] * a.rho[i] * std::log(a.rho[i] / a.gibbs[i]);
      sums[1] += mesh.volume[i] * b.rho[i] * std::log(b.rho[i] / b.gibbs[i]);
    }
    EXPECT_NEAR(mesh.comm.sum(sums[1]), mesh.comm.sum(sums[0]), 1e-12) << c;
  }
}

/// KL in every iteration of a training of c U0 at the temperature c.
std::vector<double> history(const std::string& objective, double c) {
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 3, 24));
  const TrainingData data{.mass = masses_of(mesh, two_bumps),
                          .check = make_box_mesh(Comm(), cube(2, 3, 24)),
                          .check_mass = masses_of(mesh, two_bumps),
                          .heldout = {}};
  Scaled network(make_network(small_mlp(2, 3)), c, c);
  GridModel model(mesh, network);
  model.update();
  Training training{mesh, data, network, model, options_of(objective, 6)};
  const auto trained = find_objective(objective).make(training);
  trained->refresh(false);
  std::vector<double> kl{model.kl(data.mass)};
  for (int i = 0; i < 6; ++i) {
    (void)trained->iterate();
    kl.push_back(model.kl(data.mass));
  }
  return kl;
}

// To 1e-8 where an iteration solves linear systems, which are good to that.
TEST(Temperature, HistoryOfScaledEnergies) {
  for (const ObjectiveEntry& entry : all_objectives()) {
    const bool descends = entry.iterations > 1000;  // by Adam, without solves of the metric
    const auto kl = history(entry.name, 1), scaled = history(entry.name, 0.1);
    EXPECT_GT(std::abs(kl.back() - kl[0]), 1e-3 * kl[0]) << entry.name;
    for (std::size_t i = 0; i < kl.size(); ++i) {
      EXPECT_NEAR(scaled[i], kl[i], (descends ? 1e-13 : 1e-8) * kl[0]) << entry.name << " " << i;
    }
  }
}

}  // namespace
}  // namespace otto
