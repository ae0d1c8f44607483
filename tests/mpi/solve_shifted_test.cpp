// The shifted system on boxes: solutions, iteration counts and their independence of the ranks.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/linear/shifted_solver.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/generator.h"

namespace otto {
namespace {

/// V = 2 (x^2 - 1)^2 + 2 y^2 + 2 z^2 times a factor.
class DoubleWell final : public ExternalEnergy {
 public:
  explicit DoubleWell(double factor) : factor_(factor) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto [x, y, z] = points[i];
      const double q = x * x - 1;
      values[i] = factor_ * (2 * q * q + 2 * y * y + 2 * z * z);
    }
  }

 private:
  double factor_;
};

Box box(std::vector<std::int64_t> cells, double grading = 1, bool periodic = false) {
  Box b;
  b.dimension = int(cells.size());
  for (std::size_t a = 0; a < cells.size(); ++a) {
    b.nodes[a] = graded_nodes(-2, 2, cells[a], grading);
    b.periodic[a] = periodic;
  }
  return b;
}

/// A generator on a box with all it refers to.
struct Flow {
  Flow(const Box& b, const std::string& flux, double kT = 1, double factor = 1,
       std::unique_ptr<Drift> d = nullptr)
      : mesh(make_box_mesh(Comm(), b)),
        energy(kT, external(factor)),
        drift(std::move(d)),
        generator(mesh, energy, find_flux(flux), drift.get()) {
    generator.set_time(0);
  }
  static std::vector<std::unique_ptr<ExternalEnergy>> external(double factor) {
    std::vector<std::unique_ptr<ExternalEnergy>> terms;
    terms.push_back(std::make_unique<DoubleWell>(factor));
    return terms;
  }
  Mesh mesh;
  FreeEnergy energy;
  std::unique_ptr<Drift> drift;
  Generator generator;
};

/// Masses of a density that is smooth and known everywhere.
std::vector<double> masses(const Mesh& mesh) {
  std::vector<double> b;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    const auto [x, y, z] = mesh.center[k];
    b.push_back(mesh.volume[k] * std::exp(-2 * ((x + 1) * (x + 1) + y * y + z * z)));
  }
  return b;
}

double norm(const Comm& comm, std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(comm.sum(sum));
}

/// || b - (vol sigma rho - c M Q rho) || / ||b||, by the generator's own fluxes.
double residual(const Flow& flow, double c, std::span<const double> sigma,
                std::span<const double> b, std::span<const double> rho) {
  std::vector<double> local(rho.begin(), rho.end()), out(std::size_t(flow.mesh.owned));
  local.resize(std::size_t(flow.mesh.local()));
  flow.mesh.halo.update(flow.mesh.comm, local);
  flow.generator.apply(local, out);
  for (std::size_t k = 0; k < out.size(); ++k) {
    const double weight = sigma.empty() ? 1 : sigma[k];
    out[k] = b[k] - (flow.mesh.volume[k] * weight * rho[k] - c * out[k]);
  }
  return norm(flow.mesh.comm, out) / norm(flow.mesh.comm, b);
}

int solve(const Flow& flow, double c, double rtol = 1e-8) {
  ShiftedSolver solver(flow.generator, {.rtol = rtol});
  const auto b = masses(flow.mesh);
  std::vector<double> rho(std::size_t(flow.mesh.owned), 0.0);
  const SolveReport report = solver.solve(c, {}, b, rho);
  EXPECT_TRUE(report.converged) << report.reason;
  EXPECT_LE(residual(flow, c, {}, b, rho), 1.01 * rtol + 1e-13);
  return report.iterations;
}

TEST(ShiftedSolver, SolvesOnBoxesOfEveryDimensionWithFewIterations) {
  for (const char* flux : {"scharfetter_gummel", "square_root"}) {
    EXPECT_LE(solve(Flow(box({512}), flux), 0.01), 6) << flux;
    EXPECT_LE(solve(Flow(box({128, 128}), flux), 0.01), 6) << flux;
    EXPECT_LE(solve(Flow(box({32, 32, 32}), flux), 0.01), 6) << flux;
  }
}

TEST(ShiftedSolver, CountsHardlyGrowWithTheGrid) {
  const int coarse = solve(Flow(box({64, 64}), "scharfetter_gummel"), 0.01);
  const int fine = solve(Flow(box({512, 512}), "scharfetter_gummel"), 0.01);
  EXPECT_LE(fine, coarse + 1);
}

TEST(ShiftedSolver, TakesOddSizesStretchedCellsLongStepsAndPeriodicAxes) {
  EXPECT_LE(solve(Flow(box({131, 77}), "scharfetter_gummel"), 0.01), 12);
  EXPECT_LE(solve(Flow(box({400, 20}), "scharfetter_gummel"), 0.01), 10);
  EXPECT_LE(solve(Flow(box({20, 400}), "scharfetter_gummel"), 0.01), 10);
  EXPECT_LE(solve(Flow(box({128, 128}), "scharfetter_gummel"), 100.0), 14);
  EXPECT_LE(solve(Flow(box({96, 64}, 1, true), "scharfetter_gummel"), 0.01), 10);
  EXPECT_LE(solve(Flow(box({15, 15, 15}, 1, true), "square_root"), 0.1), 14);
  EXPECT_LE(solve(Flow(box({2, 1, 3}), "square_root"), 0.1), 8);
}

TEST(ShiftedSolver, ReachesTightTolerances) {
  EXPECT_LE(solve(Flow(box({128, 128}), "scharfetter_gummel"), 0.01, 1e-12), 12);
}

TEST(ShiftedSolver, HoldsLowTemperatures) {  // V/kT spans 1300: double precision inside
  EXPECT_LE(solve(Flow(box({128, 128}), "scharfetter_gummel", 0.02), 0.01), 10);
}

TEST(ShiftedSolver, WeightsOfNewtonSteps) {
  const Flow flow(box({64, 48}), "scharfetter_gummel");
  std::vector<double> sigma;
  for (std::size_t k = 0; k < std::size_t(flow.mesh.owned); ++k) {
    sigma.push_back(2 + std::sin(7 * flow.mesh.center[k][0]));
  }
  ShiftedSolver solver(flow.generator, {.rtol = 1e-10});
  const auto b = masses(flow.mesh);
  std::vector<double> rho(b.size(), 0.0);
  const SolveReport weighted = solver.solve(0.05, sigma, b, rho);
  EXPECT_TRUE(weighted.converged);
  EXPECT_LE(weighted.iterations, 12);
  EXPECT_LE(residual(flow, 0.05, sigma, b, rho), 1e-9);
  std::vector<double> plain(b.size(), 0.0);  // and back to sigma = 1 with the same hierarchy
  EXPECT_TRUE(solver.solve(0.05, {}, b, plain).converged);
  EXPECT_LE(residual(flow, 0.05, {}, b, plain), 1e-9);
}

TEST(ShiftedSolver, FluxesWithoutDetailedBalanceAndDrifts) {
  EXPECT_LE(solve(Flow(box({64, 64}), "upwind"), 0.01), 20);
  EXPECT_LE(solve(Flow(box({96, 96}), "centred"), 0.01), 20);
}

TEST(ShiftedSolver, TenThousandKTAcrossOneCell) {
  for (const char* flux : {"scharfetter_gummel", "square_root", "upwind"}) {
    const Flow flow(box({16, 16}), flux, 1, 1e4);
    ShiftedSolver solver(flow.generator, {.rtol = 1e-10});
    const auto b = masses(flow.mesh);
    std::vector<double> rho(b.size(), 0.0);
    const SolveReport report = solver.solve(0.1, {}, b, rho);
    EXPECT_TRUE(report.converged) << flux << ": " << report.reason;
    double mass = 0, min = 0;
    for (std::size_t k = 0; k < rho.size(); ++k) {
      mass += flow.mesh.volume[k] * rho[k] - b[k];
      min = std::min(min, flow.mesh.volume[k] * rho[k]);
    }
    EXPECT_NEAR(flow.mesh.comm.sum(mass), 0, 1e-8) << flux;
    EXPECT_GE(flow.mesh.comm.min(min), -1e-9) << flux;
  }
}

/// The preconditioner is symmetric: CG on a system with a known answer agrees on all rank counts.
/// 0.3 r^2 and white noise of this many kT, by the place of the cell.
class Rugged final : public ExternalEnergy {
 public:
  explicit Rugged(double noise) : noise_(noise) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto [x, y, z] = points[i];
      std::mt19937 random(unsigned(std::lround(1e4 * x) + 65537 * std::lround(1e4 * y) +
                                   257 * std::lround(1e4 * z) + 7));
      values[i] =
          noise_ * std::normal_distribution<double>()(random) + 0.3 * (x * x + y * y + z * z);
    }
  }

 private:
  double noise_;
};

/// Iterations of a first and of a second solve with the same system.
std::pair<int, int> rugged_counts(std::vector<std::int64_t> cells, double noise, double c,
                                  bool periodic = false) {
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  terms.push_back(std::make_unique<Rugged>(noise));
  const Mesh mesh = make_box_mesh(Comm(), box(cells, 1, periodic));
  const FreeEnergy energy(1, std::move(terms));
  Generator generator(mesh, energy, find_flux("scharfetter_gummel"), nullptr);
  generator.set_time(0);
  ShiftedSolver solver(generator, {});
  const auto b = masses(mesh);
  std::pair<int, int> counts;
  for (int* count : {&counts.first, &counts.second}) {
    std::vector<double> rho(std::size_t(mesh.owned), 0.0);
    const SolveReport report = solver.solve(c, {}, b, rho);
    EXPECT_TRUE(report.converged) << report.reason;
    EXPECT_FALSE(report.fallback);
    *count = report.iterations;
  }
  return counts;
}

TEST(ShiftedSolver, RuggedLandscapesOfAnyHeightInSteadyCounts) {
  for (const double noise : {2.0, 5.0, 10.0, 20.0}) {
    for (const double c : {1e-2, 1.0, 1e4}) {
      const auto [first, second] = rugged_counts({64, 70}, noise, c);
      EXPECT_LE(first, 20) << noise << " kT, c = " << c;  // with the trial of the geometric cycle
      EXPECT_LE(second, 15) << noise << " kT, c = " << c;
    }
  }
  EXPECT_LE(rugged_counts({500}, 10, 1e4).second, 15);
  EXPECT_LE(rugged_counts({20, 18, 15}, 10, 1e4).second, 15);
  EXPECT_LE(rugged_counts({60, 60}, 10, 1e4, true).second, 15);
}

TEST(ShiftedSolver, SameAnswerOnAnyNumberOfRanks) {
  const Flow flow(box({96, 80}), "scharfetter_gummel");
  ShiftedSolver solver(flow.generator, {.rtol = 1e-13});
  const auto b = masses(flow.mesh);
  std::vector<double> rho(b.size(), 0.0);
  EXPECT_TRUE(solver.solve(0.02, {}, b, rho).converged);
  double moment = 0;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    moment += flow.mesh.volume[k] * rho[k] * std::cos(double(flow.mesh.global[k]));
  }
  // The value on one rank; what other rank counts give must agree to rounding.
  const double measured = flow.mesh.comm.sum(moment);
  const double gathered = [&] {
    const Mesh alone = make_box_mesh(Comm(MPI_COMM_SELF), box({96, 80}));
    const FreeEnergy energy(1, Flow::external(1));
    Generator generator(alone, energy, find_flux("scharfetter_gummel"));
    generator.set_time(0);
    ShiftedSolver serial(generator, {.rtol = 1e-13});
    const auto all = masses(alone);
    std::vector<double> x(all.size(), 0.0);
    EXPECT_TRUE(serial.solve(0.02, {}, all, x).converged);
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      sum += alone.volume[k] * x[k] * std::cos(double(alone.global[k]));
    }
    return sum;
  }();
  EXPECT_NEAR(measured, gathered, 1e-11 * std::abs(gathered) + 1e-14);
}

}  // namespace
}  // namespace otto
