#include "otto/learn/grid_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/linear/positive_transport.h"
#include "otto/linear/shifted_solver.h"
#include "otto/newton/proximal_newton.h"
#include "otto/operators/generator.h"

namespace otto {

namespace {

/// -div(p grad psi) + psi p / long_time = b stands for the Poisson equation: c of ShiftedSolver.
constexpr double long_time = 1e7;
constexpr int max_halvings = 8;
/// Newton stops at a tenth of it; tails of 1e-100 leave it rounding of 1e-11.
constexpr double proximal_rtol = 1e-8;
constexpr double min_mass = 1e-300;  ///< stands for none under a logarithm

/// Energies of the owned cells, as they are at the moment.
class FieldEnergy final : public ExternalEnergy {
 public:
  explicit FieldEnergy(std::shared_ptr<const std::vector<double>> V) : V_(std::move(V)) {}
  void evaluate(std::span<const Point>, double, std::span<double> values) const override {
    std::copy_n(V_->begin(), values.size(), values.begin());
  }
  [[nodiscard]] bool depends_on_time() const override { return true; }

 private:
  std::shared_ptr<const std::vector<double>> V_;
};

FreeEnergy field_energy(const std::shared_ptr<std::vector<double>>& V) {
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  terms.push_back(std::make_unique<FieldEnergy>(V));
  return {1.0, std::move(terms)};
}

}  // namespace

struct GridFlow::Impl {
  Impl(const Mesh& m, const SolverOptions& o)
      : mesh(m),
        V(std::make_shared<std::vector<double>>(std::size_t(m.owned), 0.0)),
        energy(field_energy(V)),
        generator(m, energy, find_flux("scharfetter_gummel")),
        options(o),
        solver(generator, options),
        transport(m) {}

  [[nodiscard]] std::vector<double> density(std::span<const double> mass) const;
  void set_masses(std::span<const double> rho, std::span<double> mass) const;
  int solve(double c, std::span<const double> b, std::span<double> x, const char* what);

  const Mesh& mesh;
  std::shared_ptr<std::vector<double>> V;
  FreeEnergy energy;
  Generator generator;
  SolverOptions options;
  ShiftedSolver solver;
  Transport transport;
  long changes = 0;
};

/// With ghosts.
std::vector<double> GridFlow::Impl::density(std::span<const double> mass) const {
  std::vector<double> rho(std::size_t(mesh.local()));
  for (std::size_t i = 0; i < mass.size(); ++i) rho[i] = mass[i] / mesh.volume[i];
  mesh.halo.update(mesh.comm, rho);
  return rho;
}

/// Non-negative masses of the sum they had before.
void GridFlow::Impl::set_masses(std::span<const double> rho, std::span<double> mass) const {
  std::array<ReproducibleSum, 2> parts;  // before and after
  for (std::size_t i = 0; i < mass.size(); ++i) {
    parts[0] += mass[i];
    mass[i] = std::max(rho[i], 0.0) * mesh.volume[i];
    parts[1] += mass[i];
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  const double scale = sums[0] / sums[1];
  if (!std::isfinite(scale)) throw NumericalError("a step of the sampler's law is not finite");
  for (double& m : mass) m *= scale;
}

int GridFlow::Impl::solve(double c, std::span<const double> b, std::span<double> x,
                          const char* what) {
  std::ranges::fill(x, 0.0);
  const SolveReport report = solver.solve(c, {}, b, x);
  if (!report.converged) {
    throw NumericalError(fmt::format("{} did not converge: {}", what, report.reason));
  }
  return report.iterations;
}

GridFlow::GridFlow(const Mesh& mesh, const SolverOptions& options)
    : impl_(std::make_unique<Impl>(mesh, options)) {}
GridFlow::~GridFlow() = default;

void GridFlow::set(std::span<const double> V) {
  Impl& o = *impl_;
  std::ranges::copy(V, o.V->begin());
  o.generator.set_time(double(++o.changes));
}

int GridFlow::step(double dt, std::span<double> mass) {
  Impl& o = *impl_;
  std::vector<double> rho(mass.size());
  const int iterations = o.solve(dt, mass, rho, "a Fokker-Planck step");
  o.set_masses(rho, mass);
  return iterations;
}

int GridFlow::poisson(std::span<const double> b, std::span<double> x) {
  Impl& o = *impl_;
  const int iterations = o.solve(long_time, b, x, "the weighted Poisson equation");
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= long_time * o.mesh.volume[i];
  return iterations;
}

int GridFlow::proximal(double tau, std::span<double> mass) {
  Impl& o = *impl_;
  int iterations = 0;
  std::vector<double> rho0 = o.density(mass), rho, phi;
  double left = tau, length = tau;
  SolverOptions solver = o.options;
  solver.rtol = proximal_rtol;
  for (int halvings = 0; left > 1e-12 * tau;) {
    ProximalNewton newton(o.energy, o.transport, solver);
    phi.assign(rho0.size(), 0.0);
    const NewtonReport report =
        newton.solve({length, 0.5, rho0, o.generator.external(), true}, phi, rho);
    iterations += report.iterations;
    if (report.converged) {
      left -= length;
      rho0.swap(rho);
    } else if (++halvings > max_halvings) {
      throw NumericalError("a proximal step did not converge: " + report.reason +
                           "; take a smaller train.tau");
    } else {
      length *= 0.5;
    }
    length = std::min(length, left);
  }
  o.set_masses(rho0, mass);
  return iterations;
}

int GridFlow::second_order(double tau, std::span<double> mass) {
  Impl& o = *impl_;
  const auto n = mass.size();
  const std::vector<double> pi = gibbs_weights(o.generator);
  // phi = rho/pi of the symmetric system with the right-hand side vol pi log(m / (vol pi)).
  std::vector<double> b(n), x(n), phi(std::size_t(o.mesh.local()));
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = o.mesh.volume[i] * pi[i];
    b[i] = weight * std::log(std::max(mass[i], min_mass) / weight);
  }
  const int iterations = o.solve(tau, b, x, "the system of a second-order step");
  for (std::size_t i = 0; i < n; ++i) phi[i] = x[i] / pi[i];
  o.mesh.halo.update(o.mesh.comm, phi);
  PositiveTransport transport(o.transport);
  const std::vector<double> rho0 = o.density(mass);
  std::vector<double> rho;
  const std::string failed = transport.move_positive(phi, rho0, tau, rho0, rho0, rho);
  if (!failed.empty()) {
    throw NumericalError("the transport of a second-order step failed: " + failed);
  }
  o.set_masses(rho, mass);
  return iterations;
}

}  // namespace otto
