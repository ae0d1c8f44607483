#include "euler_guess.h"

#include <algorithm>
#include <numeric>

#include "otto/flux/two_point.h"

namespace otto {

EulerGuess::EulerGuess(const Mesh& mesh, SolverOptions options, const NewtonControl& control)
    : mesh_(mesh),
      options_(options),
      control_(control),
      gibbs_(mesh, options),
      left_(std::size_t(mesh.faces.size())),
      right_(left_.size()),
      mass_(std::size_t(mesh.owned)),
      loss_(mass_.size()) {}

/// All faces and cells of this rank are in play.
void EulerGuess::take_all() {
  face_list_.resize(std::size_t(mesh_.faces.size()));
  cell_list_.resize(mass_.size());
  std::iota(face_list_.begin(), face_list_.end(), 0);
  std::iota(cell_list_.begin(), cell_list_.end(), 0);
}

/// Only cells whose density is below `below`, and their faces. False: no rank has one.
bool EulerGuess::take_tails(std::span<const double> rho, double below) {
  cell_list_.clear();
  face_list_.clear();
  in_play_.assign(rho.size(), 0);
  for (std::size_t k = 0; k < mass_.size(); ++k) {
    if (!(rho[k] < below)) continue;
    in_play_[k] = 1;
    cell_list_.push_back(std::int32_t(k));
  }
  if (!mesh_.comm.any(!cell_list_.empty())) return false;
  const Faces& faces = mesh_.faces;
  for (std::int32_t f = 0; f < std::int32_t(faces.size()) && !cell_list_.empty(); ++f) {
    const auto K = std::size_t(faces.left[std::size_t(f)]);
    const auto L = std::size_t(faces.right[std::size_t(f)]);
    if ((in_play_[K] | in_play_[L]) != 0) face_list_.push_back(f);
  }
  return true;
}

void EulerGuess::set_rates(const Step& step) {
  const Faces& faces = mesh_.faces;
  for (const std::int32_t face : face_list_) {
    const auto f = std::size_t(face);
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    const double s = (step.V[L] - step.V[K]) / step.kT;
    const double rate = step.tau * step.kT * faces.transmissibility[f];
    left_[f] = rate * bernoulli(s);
    right_[f] = -rate * bernoulli(-s);
  }
}

/// By the general solver.
SolveReport EulerGuess::solve_fluxes(std::span<double> rho) {
  if (!solver_) solver_ = std::make_unique<FluxSolver>(mesh_, options_, FluxSolver::Role::inside);
  solver_->set(1, std::span(mesh_.volume).first(mass_.size()), left_, right_);
  return solver_->solve(mass_, rho);
}

SolveReport EulerGuess::find(const Step& step, std::vector<double>& rho) {
  take_all();
  set_rates(step);
  for (std::size_t k = 0; k < mass_.size(); ++k) mass_[k] = mesh_.volume[k] * step.rho0[k];
  rho.resize(step.rho0.size());
  const std::span<double> inner = std::span(rho).first(mass_.size());
  const GibbsSolver::Rates rates{step.V, step.kT, left_, right_};
  SolveReport report;
  if (gibbs_.takes(rates)) report = gibbs_.solve(rates, mass_, inner);
  if (!report.converged) report = solve_fluxes(inner);
  for (std::size_t k = 0; k < mass_.size(); ++k) rho[k] = std::max(rho[k], 0.0);
  mesh_.halo.update(mesh_.comm, rho);
  for (int i = 0; i < control_.guess_sweeps; ++i) sweep(step, rho);
  double maximum = 0;
  for (std::size_t k = 0; k < mass_.size(); ++k) maximum = std::max(maximum, rho[k]);
  const double floor = control_.guess_floor * mesh_.comm.max(maximum);
  for (double& v : rho) v = std::max(v, floor);
  return report;
}

/// rho_K = mass_K / loss_K solves the equation of K, its neighbours being those of `rho`; of the
/// cells in play.
void EulerGuess::weigh(const Step& step, const std::vector<double>& rho) {
  const Faces& faces = mesh_.faces;
  for (const std::int32_t cell : cell_list_) {
    const auto k = std::size_t(cell);
    mass_[k] = mesh_.volume[k] * step.rho0[k];
    loss_[k] = mesh_.volume[k];
  }
  for (const std::int32_t face : face_list_) {
    const auto f = std::size_t(face);
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
  for (const std::int32_t k : cell_list_)
    rho[std::size_t(k)] = mass_[std::size_t(k)] / loss_[std::size_t(k)];
  mesh_.halo.update(mesh_.comm, rho);
}

void EulerGuess::raise_tails(const Step& step, double below, std::vector<double>& rho) {
  set_rates(step);
  for (int i = 0; i < control_.guess_sweeps; ++i) {
    weigh(step, rho);
    bool raised = false;
    for (const std::int32_t cell : cell_list_) {
      const auto k = std::size_t(cell);
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
