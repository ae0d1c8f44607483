#include "boundary_problem.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/time/linear_flow.h"

namespace otto::python {

namespace {

constexpr double hold = 1e100;  // of the volume: the rest of a held row vanishes beside it

std::vector<double> weights_of(const Mesh& mesh, std::span<const int> held) {
  std::vector<double> omega(std::size_t(mesh.owned), 0.0);
  for (std::size_t k = 0; k < omega.size(); ++k) {
    if (held[k] != 0) omega[k] = hold * mesh.volume[k];
  }
  return omega;
}

std::vector<double> without_lowest(const Mesh& mesh, std::span<const double> V) {
  const double lowest = mesh.comm.min(*std::ranges::min_element(V));
  std::vector<double> shifted(V.begin(), V.end());
  for (double& x : shifted) x -= lowest;
  return shifted;
}

}  // namespace

BoundaryProblem::BoundaryProblem(std::shared_ptr<const Domain> domain, double temperature,
                                 std::span<const double> V, std::vector<int> held, double rtol)
    : flux_(std::move(domain), temperature),
      held_(std::move(held)),
      pair_(flux_.domain->mesh, {.rtol = rtol}),
      V_(V.begin(), V.end()),
      kT_(temperature) {
  const Mesh& mesh = flux_.domain->mesh;
  const auto owned = std::size_t(mesh.owned);
  flux_.generator.set_external(V_, kT_);
  faces_ = face_rates(flux_.generator);
  const std::vector<double> omega = weights_of(mesh, held_);
  pair_.set(1, faces_, omega);
  std::vector<double> b(owned, 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    if (held_[k] == 2) b[k] = omega[k];
  }
  q_.resize(std::size_t(mesh.local()));
  pair_.solve_transposed(b, std::span(q_).first(owned));
  mesh.halo.update(mesh.comm, q_);
}

Gradient BoundaryProblem::committor_gradient(std::span<const double> c) {
  const Mesh& mesh = flux_.domain->mesh;
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> b(c.begin(), c.end()), mu(std::size_t(mesh.local()), 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    if (held_[k] != 0) b[k] = 0;
  }
  pair_.solve(b, std::span(mu).first(owned));
  mesh.halo.update(mesh.comm, mu);
  for (std::size_t k = 0; k < mu.size(); ++k) {
    if (held_[k] != 0) mu[k] = 0;
  }
  std::vector<double> of_rise(std::size_t(mesh.faces.size()));
  Gradient gradient{.V = std::vector<double>(owned, 0.0)};
  for (std::size_t f = 0; f < of_rise.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double fall = q_[K] - q_[L];
    of_rise[f] = -(mu[K] * faces_.forward_rise[f] - mu[L] * faces_.backward_rise[f]) * fall;
    if (K < owned) {
      gradient.kT -= (mu[K] * faces_.forward_kT[f] - mu[L] * faces_.backward_kT[f]) * fall;
    }
  }
  add_cell_gradient(mesh, of_rise, gradient.V);
  return gradient;
}

std::array<double, 2> BoundaryProblem::rates() {
  if (!flux_.generator.symmetric()) {
    throw InputError(
        "rates between two sets are differentiated with detailed balance only: a flux other than "
        "upwind and centred, and no drift");
  }
  const auto owned = std::size_t(flux_.domain->mesh.owned);
  const DirichletForm form(flux_.generator, V_, kT_);
  std::vector<double> rest(owned);
  for (std::size_t k = 0; k < owned; ++k) rest[k] = 1 - q_[k];
  capacity_ = form.faces(q_);
  from_a_ = form.cells(rest);
  from_b_ = form.cells(std::span(q_).first(owned));
  return {capacity_ / from_a_, capacity_ / from_b_};
}

Gradient BoundaryProblem::rates_gradient(std::array<double, 2> c) {
  const Mesh& mesh = flux_.domain->mesh;
  const auto owned = std::size_t(mesh.owned);
  const DirichletForm form(flux_.generator, V_, kT_);
  const double of_a = -c[0] * capacity_ / (from_a_ * from_a_);
  const double of_b = -c[1] * capacity_ / (from_b_ * from_b_);
  std::vector<double> rest(owned), of_q(owned);
  for (std::size_t k = 0; k < owned; ++k) {
    rest[k] = 1 - q_[k];
    of_q[k] = mesh.volume[k] * form.pi(k) * (of_b - of_a);
  }
  Gradient gradient = committor_gradient(of_q);
  form.add_faces(c[0] / from_a_ + c[1] / from_b_, q_, gradient);
  form.add_cells(of_a, rest, gradient);
  form.add_cells(of_b, std::span(q_).first(owned), gradient);
  return gradient;
}

DirichletForm::DirichletForm(const Generator& generator, std::span<const double> V, double kT)
    : generator_(generator),
      mesh_(generator.mesh()),
      rates_(face_rates(generator)),
      kT_(kT),
      V_(without_lowest(mesh_, V)) {
  for (const double x : V_) pi_.push_back(std::exp(-x / kT_));
}

double DirichletForm::square(std::span<const double> u, std::size_t f) const {
  const double fall = u[std::size_t(mesh_.faces.left[f])] - u[std::size_t(mesh_.faces.right[f])];
  return fall * fall;
}

double DirichletForm::faces(std::span<const double> u) const {
  double sum = 0;
  for (std::size_t f = 0; f < rates_.forward.size(); ++f) {
    const auto K = std::size_t(mesh_.faces.left[f]);
    if (K < std::size_t(mesh_.owned)) sum += pi_[K] * rates_.forward[f] * square(u, f);
  }
  return mesh_.comm.sum(sum);
}

double DirichletForm::cells(std::span<const double> of_cell) const {
  double sum = 0;
  for (std::size_t k = 0; k < of_cell.size(); ++k) sum += mesh_.volume[k] * pi_[k] * of_cell[k];
  return mesh_.comm.sum(sum);
}

void DirichletForm::add_faces(double factor, std::span<const double> u, Gradient& gradient) const {
  std::vector<double> of_rise(rates_.forward.size());
  for (std::size_t f = 0; f < of_rise.size(); ++f) {
    const auto K = std::size_t(mesh_.faces.left[f]);
    const double weight = factor * square(u, f) * pi_[K];
    of_rise[f] = weight * rates_.forward_rise[f];
    if (K >= std::size_t(mesh_.owned)) continue;
    gradient.V[K] -= weight * rates_.forward[f] / kT_;
    gradient.kT += weight * (rates_.forward_kT[f] + rates_.forward[f] * V_[K] / (kT_ * kT_));
  }
  add_cell_gradient(mesh_, of_rise, gradient.V);
}

void DirichletForm::add_cells(double factor, std::span<const double> of_cell,
                              Gradient& gradient) const {
  for (std::size_t k = 0; k < of_cell.size(); ++k) {
    const double part = factor * mesh_.volume[k] * pi_[k] * of_cell[k] / kT_;
    gradient.V[k] -= part;
    gradient.kT += part * V_[k] / kT_;
  }
}

}  // namespace otto::python
