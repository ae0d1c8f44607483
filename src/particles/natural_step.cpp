// The natural step: with J = dU/dtheta at the particles, J_c = J - E_rho J,
//
//   C = E_rho J_c^T J_c,     g = E_q dU/dtheta - E_rho dU/dtheta,
//   s = -(C + r (diag C + mean diag C))^-1 g,   r = damping^k + min(floor, noise m/N),
//
// m parameters, N particles: directions of which p has so little that r hides them are learned slowly, and C tells them from
// its own noise the better the more particles it is of. s is shortened where sqrt(s^T C s), whose half square is
// KL(p_theta'|p_theta) to leading order, is beyond its limit. Everything that products are taken of is in matrices of Eigen's own, whose place in memory
// is aligned: the order of their sums, and so their bits, are the same on every rank. C is a running mean over iterations, so that it hardly knows the noise of g. It is the Hessian of KL(q|p_theta) in theta where p = q, so that the step is Newton's there.

#include <Eigen/Cholesky>
#include <cmath>

#include "otto/core/error.h"
#include "trainer_impl.h"

namespace otto {

namespace {

/// C of the particles; the sum of J J^T and the mean are taken in one pass.
Eigen::MatrixXd covariance(const Comm& comm, const WideNetwork& network, const Cloud& cloud) {
  const auto m = Eigen::Index(network.parameters());
  const auto sums = tree_sum(comm, cloud.blocks(), std::size_t(m * m + m),
                             [&](std::int64_t b, std::span<double> sum) {
                               const Rows x = cloud.points(b);
                               Rows J(x.rows(), m);
                               network.jacobian(as_span(x), as_span(J));
                               const Vector w = cloud.shares(b);
                               Eigen::MatrixXd square = Eigen::MatrixXd::Zero(m, m);
                               const Vector mean = J.transpose() * w;
                               J = w.cwiseSqrt().asDiagonal() * J;
                               square.selfadjointView<Eigen::Lower>().rankUpdate(J.transpose());
                               Eigen::Map<Eigen::MatrixXd>(sum.data(), m, m) += square;
                               Eigen::Map<Vector>(sum.data() + m * m, m) += mean;
                             });
  const Eigen::MatrixXd square = Eigen::Map<const Eigen::MatrixXd>(sums.data(), m, m);
  const Vector mean = Eigen::Map<const Vector>(sums.data() + m * m, m);
  Eigen::MatrixXd C = square.selfadjointView<Eigen::Lower>();
  C -= mean * mean.transpose();
  return C;
}

}  // namespace

double ParticleTrainer::Impl::natural() {
  std::vector<double> gradient;
  gap = contrast(std::uint64_t(iteration), gradient);
  const Eigen::MatrixXd newest = covariance(comm, network, cloud);
  if (C.size() == 0) C = Eigen::MatrixXd::Zero(newest.rows(), newest.cols());
  C += std::max(o.metric_average, 1 / (double(iteration) + 1)) * (newest - C);
  const Vector g = Eigen::Map<const Vector>(gradient.data(), Eigen::Index(gradient.size()));
  const double noise = o.damping_noise * double(theta.size()) / double(o.particles);
  const double r = std::pow(o.damping, double(iteration)) + std::min(o.damping_floor, noise);
  const Vector diagonal = C.diagonal();
  Eigen::MatrixXd A = C;
  A.diagonal() += r * (diagonal.array() + diagonal.mean()).matrix();
  A.diagonal().array() += 1e-12;
  const Eigen::LLT<Eigen::MatrixXd> factor(A);
  if (factor.info() != Eigen::Success) {
    throw NumericalError("the covariance of dU/dtheta cannot be factored; take more particles");
  }
  Vector s = -factor.solve(g);
  const double length = std::sqrt(std::max(0.0, s.dot(C * s)));
  s *= std::min(1.0, o.max_natural / std::max(length, 1e-300));
  if (iteration > o.settling) s *= double(o.settling) / double(iteration);
  std::vector<double> next = theta;
  for (std::size_t i = 0; i < next.size(); ++i) next[i] += s[Eigen::Index(i)];
  set(next);
  return g.norm();
}

}  // namespace otto
