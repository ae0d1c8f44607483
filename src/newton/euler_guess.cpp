#include "euler_guess.h"

#include <algorithm>

#include "otto/flux/two_point.h"

namespace otto {

EulerGuess::EulerGuess(const Mesh& mesh, SolverOptions options, const NewtonControl& control)
    : mesh_(mesh),
      control_(control),
      solver_(mesh, options, FluxSolver::Role::inside),
      left_(std::size_t(mesh.faces.size())),
      right_(left_.size()),
      mass_(std::size_t(mesh.owned)),
      loss_(mass_.size()) {}

void EulerGuess::set_rates(const Step& step) {
  const Faces& faces = mesh_.faces;
  for (std::size_t f = 0; f < left_.size(); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    const double s = (step.V[L] - step.V[K]) / step.kT;
    const double rate = step.tau * step.kT * faces.transmissibility[f];
    left_[f] = rate * bernoulli(s);
    right_[f] = -rate * bernoulli(-s);
  }
}

SolveReport EulerGuess::find(const Step& step, std::vector<double>& rho) {
  set_rates(step);
  solver_.set(1, std::span(mesh_.volume).first(mass_.size()), left_, right_);
  for (std::size_t k = 0; k < mass_.size(); ++k) mass_[k] = mesh_.volume[k] * step.rho0[k];
  rho.resize(step.rho0.size());
  SolveReport report = solver_.solve(mass_, std::span(rho).first(mass_.size()));
  for (std::size_t k = 0; k < mass_.size(); ++k) rho[k] = std::max(rho[k], 0.0);
  mesh_.halo.update(mesh_.comm, rho);
  for (int i = 0; i < control_.guess_sweeps; ++i) sweep(step, rho);
  double maximum = 0;
  for (std::size_t k = 0; k < mass_.size(); ++k) maximum = std::max(maximum, rho[k]);
  const double floor = control_.guess_floor * mesh_.comm.max(maximum);
  for (double& v : rho) v = std::max(v, floor);
  return report;
}

/// rho_K = mass_K / loss_K solves the equation of K, its neighbours being those of `rho`.
void EulerGuess::weigh(const Step& step, const std::vector<double>& rho) {
  const Faces& faces = mesh_.faces;
  for (std::size_t k = 0; k < mass_.size(); ++k) {
    mass_[k] = mesh_.volume[k] * step.rho0[k];
    loss_[k] = mesh_.volume[k];
  }
  for (std::size_t f = 0; f < left_.size(); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    if (K < mass_.size()) {
      mass_[K] -= right_[f] * rho[L];
      loss_[K] += left_[f];
    }
    if (L < mass_.size()) {
      mass_[L] += left_[f] * rho[K];
      loss_[L] -= right_[f];
    }
  }
}

void EulerGuess::sweep(const Step& step, std::vector<double>& rho) {
  weigh(step, rho);
  for (std::size_t k = 0; k < mass_.size(); ++k) rho[k] = mass_[k] / loss_[k];
  mesh_.halo.update(mesh_.comm, rho);
}

void EulerGuess::raise_tails(const Step& step, double below, std::vector<double>& rho) {
  set_rates(step);
  for (int i = 0; i < control_.guess_sweeps; ++i) {
    weigh(step, rho);
    bool raised = false;
    for (std::size_t k = 0; k < mass_.size(); ++k) {
      const double flows_in = mass_[k] - mesh_.volume[k] * step.rho0[k];
      const double is = std::min(flows_in / loss_[k], below);
      if (!(rho[k] < control_.tail_factor * is)) continue;
      rho[k] = is;
      raised = true;
    }
    if (!mesh_.comm.any(raised)) return;
    mesh_.halo.update(mesh_.comm, rho);
  }
}

}  // namespace otto
