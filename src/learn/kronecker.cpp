#include "otto/learn/kronecker.h"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <cstdlib>

namespace otto {

namespace {

/// Of the mean eigenvalue: directions that K knows to be smaller only by its own error.
double damping_share = getenv("N3_DAMP") ? atof(getenv("N3_DAMP")) : 1e-4;

using Eigen::Index;
template <class Number>
using Rows = Eigen::Map<
    Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

}  // namespace

Kronecker::Kronecker(const Comm& comm, const Linearisation& J, std::span<const double> p) {
  const std::vector<LayerShape> shapes = J.layers();
  std::size_t first = 0;
  double trace = 0;
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    const std::size_t n = shapes[l].columns(), m = shapes[l].outputs;
    std::vector<double> moments(n * n + m * m, 0.0);
    const std::span<double> hh(moments.data(), n * n), DD(moments.data() + n * n, m * m);
    comm.together([&] { J.add_moments(l, p, hh, DD); });
    comm.sum_in_place(moments);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> h(
        Rows<double>(hh.data(), Index(n), Index(n))),
        D(Rows<double>(DD.data(), Index(m), Index(m)));
    blocks_.push_back({shapes[l], first, h.eigenvectors(), D.eigenvectors(),
                       h.eigenvalues().cwiseMax(0), D.eigenvalues().cwiseMax(0), {}});
    trace += blocks_.back().h_values.sum() * blocks_.back().D_values.sum();
    first += n * m;
  }
  if (first > 0) mean_ = trace / double(first);
}

void Kronecker::set_damping(double delta) {
  delta += damping_share * mean_;
  for (Block& b : blocks_) {
    b.scale = ((b.D_values * b.h_values.transpose()).array() + delta).rsqrt().matrix();
  }
}

void Kronecker::to_parameters(Eigen::VectorXd& x) const {
  for (const Block& b : blocks_) {
    const auto m = Index(b.shape.outputs), k = Index(b.shape.inputs);
    double* at = x.data() + b.first;
    const Matrix X = Rows<double>(at, m, b.h.rows()).cwiseProduct(b.scale);
    const Matrix S = b.D * X * b.h.transpose();
    Rows<double>(at, m, k) = S.leftCols(k);
    if (b.shape.bias) Eigen::Map<Eigen::VectorXd>(at + m * k, m) = S.col(k);
  }
}

void Kronecker::from_parameters(Eigen::VectorXd& s) const {
  for (const Block& b : blocks_) {
    const auto m = Index(b.shape.outputs), k = Index(b.shape.inputs);
    double* at = s.data() + b.first;
    Matrix S(m, b.h.rows());
    S.leftCols(k) = Rows<double>(at, m, k);
    if (b.shape.bias) S.col(k) = Eigen::Map<Eigen::VectorXd>(at + m * k, m);
    Rows<double>(at, m, b.h.rows()) = (b.D.transpose() * S * b.h).cwiseProduct(b.scale);
  }
}

}  // namespace otto
