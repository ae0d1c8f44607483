#include "otto/linear/jacobian_solver.h"

#include <memory>
#include <utility>
#include <vector>

#include "krylov.h"

namespace otto {

namespace {

/// Far below the tolerance of Newton's method, whose residuals the solves make up; every transport
/// of a step in inner steps is one. A sweep is nearly the inverse: more than 30 vectors are needed
/// where it is not, and then 300 iterations do not suffice either.
KrylovControl control() {
  return {.prefix = "transport_",
          .rtol = 1e-10,
          .max_iterations = 300,
          .restart = 30,
          .unprefixed = KrylovControl::Unprefixed::none};
}

}  // namespace

struct JacobianSolver::Impl {
  explicit Impl(const Transport& t)
      : transport(t), mesh(t.mesh()), sweep(t), field(std::size_t(mesh.local())) {}

  const Transport& transport;
  const Mesh& mesh;
  JacobianSweep sweep;
  std::span<const double> phi;
  double d = 0;
  const Factors* factors = nullptr;
  std::span<const double> size;  ///< of the adjoint solve under way
  bool have_slopes = false, adjoint = false;
  std::vector<double> left, right, field, scaled;
  Work work;
  std::unique_ptr<KrylovSolver> krylov;

  void make_krylov();
  void multiply(std::span<const double> in, std::span<double> out);
  void precondition(std::span<const double> in, std::span<double> out);
  bool solve(bool transposed, std::span<const double> rhs, std::span<double> out);
};

void JacobianSolver::Impl::make_krylov() {
  left.resize(std::size_t(mesh.faces.size()));
  right.resize(left.size());
  scaled.resize(std::size_t(mesh.owned));
  krylov = std::make_unique<KrylovSolver>(
      mesh.comm.handle(), std::size_t(mesh.owned), control(),
      [this](auto in, auto out) { multiply(in, out); },
      [this](auto in, auto out) { precondition(in, out); });
}

/// J in, or S^-1 J^T S in with S = diag(size).
void JacobianSolver::Impl::multiply(std::span<const double> in, std::span<double> out) {
  const Jacobian J(transport, left, right);
  for (std::size_t k = 0; k < in.size(); ++k) {
    field[k] = adjoint ? in[k] * size[k] / mesh.volume[k] : in[k];
  }
  mesh.halo.update(mesh.comm, field);
  if (!adjoint) return J.apply(field, out);
  J.apply_adjoint(field, out);
  for (std::size_t k = 0; k < in.size(); ++k) out[k] /= size[k];
}

void JacobianSolver::Impl::precondition(std::span<const double> in, std::span<double> out) {
  ++work.sweeps;
  if (!adjoint) return sweep.solve(phi, d, *factors, in, out);
  for (std::size_t k = 0; k < in.size(); ++k) scaled[k] = in[k] * size[k];
  sweep.solve_adjoint(phi, d, *factors, scaled, out);
  for (std::size_t k = 0; k < in.size(); ++k) out[k] /= size[k];
}

bool JacobianSolver::Impl::solve(bool transposed, std::span<const double> rhs,
                                 std::span<double> out) {
  ++work.solves;
  adjoint = transposed;
  const auto owned = std::size_t(mesh.owned);
  if (factors->upwind) {  // exact
    ++work.sweeps;
    if (transposed) {
      sweep.solve_adjoint(phi, d, *factors, rhs.first(owned), out.first(owned));
    } else {
      sweep.solve(phi, d, *factors, rhs.first(owned), out.first(owned));
    }
    return true;
  }
  if (!krylov) make_krylov();
  if (!have_slopes) transport.slopes(phi, d, left, right);
  have_slopes = true;
  const auto result = out.first(owned);
  if (!transposed) return krylov->solve(rhs.first(owned), result).converged;
  for (std::size_t k = 0; k < owned; ++k) field[k] = rhs[k] / size[k];
  const bool converged =
      krylov->solve(std::span<const double>(field).first(owned), result).converged;
  for (std::size_t k = 0; k < owned; ++k) result[k] *= size[k];
  return converged;
}

JacobianSolver::JacobianSolver(const Transport& transport)
    : impl_(std::make_unique<Impl>(transport)) {}
JacobianSolver::~JacobianSolver() = default;

void JacobianSolver::factor(std::span<const double> phi, double d, Factors& factors) const {
  impl_->sweep.factor(phi, d, factors);
}

void JacobianSolver::set(std::span<const double> phi, double d, const Factors& factors) {
  impl_->phi = phi;
  impl_->d = d;
  impl_->factors = &factors;
  impl_->have_slopes = false;
}

bool JacobianSolver::solve(std::span<const double> b, std::span<double> x) {
  return impl_->solve(false, b, x);
}
bool JacobianSolver::solve_adjoint(std::span<const double> b, std::span<const double> size,
                                   std::span<double> x) {
  impl_->size = size;
  return impl_->solve(true, b, x);
}

JacobianSolver::Work JacobianSolver::take_work() { return std::exchange(impl_->work, {}); }

}  // namespace otto
