#include "proximal_flow.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"

namespace otto::python {

namespace {

constexpr double kappa = 0.5;        // of a step without inner ones
constexpr double tolerance = 1e-14;  // of Newton's method: it ends at rounding
constexpr int passes = 4;            // of the adjoint system, each for what the last one left
constexpr int iterations_of_pass = 400;

NewtonControl tight() {
  NewtonControl control;
  control.tolerance = tolerance;
  return control;
}

}  // namespace

ProximalFlow::ProximalFlow(std::shared_ptr<const Domain> domain, double temperature,
                           std::vector<std::vector<double>> legs, double rtol)
    : flux_(std::move(domain), temperature),
      kT_(temperature),
      rtol_(rtol),
      legs_(std::move(legs)),
      transport_(flux_.domain->mesh),
      newton_(flux_.energy, transport_, {.rtol = rtol}, tight()),
      system_(transport_, {.rtol = rtol}) {
  if (flux_.generator.driven()) {
    throw InputError("a proximal step descends a free energy, which a drift does not have");
  }
}

void ProximalFlow::start(std::vector<double> V, std::vector<double> rho) {
  V_ = std::move(V);
  rho_ = std::move(rho);
  phi_.clear();
  done_.clear();
}

const std::vector<double>& ProximalFlow::next() {
  std::vector<Step> steps;
  for (const double tau : legs_[done_.size()]) {
    Step step{.tau = tau, .phi = phi_, .rho0 = rho_, .rho = {}};
    const NewtonReport report = newton_.solve(
        {.tau = tau, .kappa = kappa, .rho0 = step.rho0, .V = V_, .cold = phi_.empty()}, step.phi,
        step.rho);
    if (!report.converged) throw NumericalError("a proximal step failed: " + report.reason);
    phi_ = step.phi;
    rho_ = step.rho;
    steps.push_back(std::move(step));
  }
  done_.push_back(std::move(steps));
  return rho_;
}

/// H p = b: a pass for each few digits.
void ProximalFlow::solve(std::span<const double> b, std::span<double> p) {
  const Comm& comm = domain().mesh.comm;
  const auto size = [&](std::span<const double> x) {
    double sum = 0;
    for (const double value : x) sum += std::abs(value);
    return comm.sum(sum);
  };
  std::vector<double> left(b.begin(), b.end()), part(b.size()), product(b.size());
  std::ranges::fill(p, 0.0);
  const double whole = size(b);
  for (int pass = 0; pass < passes && size(left) > rtol_ * whole; ++pass) {
    std::ranges::fill(part, 0.0);
    (void)system_.solve(left, part, std::max(rtol_, 1e-8), ProximalSystem::Stop::by_residual,
                        iterations_of_pass);
    for (std::size_t k = 0; k < part.size(); ++k) p[k] += part[k];
    system_.apply(p, product);
    for (std::size_t k = 0; k < part.size(); ++k) left[k] = b[k] - product[k];
  }
  if (!(size(left) <= 1e4 * rtol_ * whole)) {
    throw NumericalError("the adjoint system of a proximal step was not solved");
  }
}

void ProximalFlow::adjoint_step(const Step& step, std::span<double> lambda, Gradient& gradient) {
  const Mesh& mesh = domain().mesh;
  const auto owned = std::size_t(mesh.owned), faces = std::size_t(mesh.faces.size());
  std::vector<double> slope(faces), conductance(faces), mean(step.rho), omega(owned);
  transport_.slopes(step.phi, kappa * step.tau, slope, slope);
  for (std::size_t k = 0; k < mean.size(); ++k) {
    mean[k] = kappa * step.rho[k] + (1 - kappa) * step.rho0[k];
  }
  transport_.conductances(step.phi, mean, step.tau, conductance);
  std::vector<double> field(std::size_t(mesh.local())), b(owned), p(owned), Jp(owned);
  for (std::size_t k = 0; k < owned; ++k) {
    omega[k] = mesh.volume[k] * step.rho[k] / kT_;
    field[k] = lambda[k] * step.rho[k] / (kT_ * mesh.volume[k]);
  }
  mesh.halo.update(mesh.comm, field);
  const Jacobian J(transport_, slope, slope);
  J.apply_adjoint(field, b);
  system_.begin(false);
  system_.set({omega, slope, slope, conductance});
  solve(b, p);
  std::ranges::copy(p, field.begin());
  mesh.halo.update(mesh.comm, field);
  J.apply(field, Jp);
  for (std::size_t k = 0; k < owned; ++k) {
    const double s = (mesh.volume[k] * Jp[k] - lambda[k]) * step.rho[k] / kT_;
    gradient.V[k] += s;
    gradient.kT += s * (std::log(step.rho[k]) + 1);
    lambda[k] = mesh.volume[k] * (p[k] - (1 - kappa) * Jp[k]) / kappa;
  }
}

void ProximalFlow::back(std::size_t leg, std::span<double> lambda, Gradient& gradient) {
  const std::vector<Step>& steps = done_[leg];
  for (std::size_t i = steps.size(); i-- > 0;) adjoint_step(steps[i], lambda, gradient);
}

}  // namespace otto::python
