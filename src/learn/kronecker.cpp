#include "otto/learn/kronecker.h"

#include <Eigen/Eigenvalues>

namespace otto {

namespace {

/// Of K's mean eigenvalue: the accuracy of its smaller eigenvalues.
constexpr double mean_share = 1e-3;

using Eigen::Index;
using Rows = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Eigenpairs = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

}  // namespace

Kronecker::Kronecker(const CellJacobian& J, std::span<const double> p, double delta) {
  Index entries = 0;
  double trace = 0;
  const std::vector<LayerShape> shapes = J.layers();
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    const std::size_t n = shapes[l].columns(), m = shapes[l].outputs;
    std::vector<double> moments = J.moments(l, p);
    const std::span<double> hh(moments.data(), n * n), DD(moments.data() + n * n, m * m);
    const Eigenpairs h(Rows(hh.data(), Index(n), Index(n))), D(Rows(DD.data(), Index(m), Index(m)));
    blocks_.push_back({shapes[l], entries, h.eigenvectors(), D.eigenvectors(),
                       D.eigenvalues().cwiseMax(0) * h.eigenvalues().cwiseMax(0).transpose()});
    trace += blocks_.back().scale.sum();
    entries += Index(n * m);
  }
  for (Block& b : blocks_) {
    b.scale = (b.scale.array() + (delta + mean_share * trace / double(entries))).rsqrt();
  }
}

void Kronecker::to_parameters(Eigen::VectorXd& x) const {
  for (const Block& b : blocks_) {
    const auto m = Index(b.shape.outputs), k = Index(b.shape.inputs);
    double* first = x.data() + b.first;
    const Matrix X = Rows(first, m, b.h.rows()).cwiseProduct(b.scale);
    const Matrix S = b.D * X * b.h.transpose();
    Rows(first, m, k) = S.leftCols(k);
    if (b.shape.bias) x.segment(b.first + m * k, m) = S.col(k);
  }
}

void Kronecker::from_parameters(Eigen::VectorXd& g) const {
  for (const Block& b : blocks_) {
    const auto m = Index(b.shape.outputs), k = Index(b.shape.inputs);
    double* first = g.data() + b.first;
    Matrix S(m, b.h.rows());
    S.leftCols(k) = Rows(first, m, k);
    if (b.shape.bias) S.col(k) = g.segment(b.first + m * k, m);
    Rows(first, m, b.h.rows()) = (b.D.transpose() * S * b.h).cwiseProduct(b.scale);
  }
}

}  // namespace otto
