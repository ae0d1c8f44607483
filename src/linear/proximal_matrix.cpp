#include "proximal_matrix.h"

#include <cmath>

#include "otto/multigrid/galerkin.h"

namespace otto {

void ProximalMatrix::set_entries(const ProximalCoefficients& c) {
  const auto owned = std::size_t(mesh_.owned), faces = c.g.size();
  diagonal_.assign(std::size_t(mesh_.local()), 1.0);
  sums_.assign(diagonal_.size(), 0.0);
  for (auto* v : {&left_right_, &right_left_, &minus_g_}) v->resize(faces);
  const auto root = [&](std::size_t k) { return k < owned ? std::sqrt(c.omega[k]) : 0.0; };
  for (std::size_t f = 0; f < faces; ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double left = c.slope_left[f] / mesh_.volume[l];
    const double right = c.slope_right[f] / mesh_.volume[r];
    diagonal_[l] += left;
    diagonal_[r] -= right;
    left_right_[f] = -left * root(l);
    right_left_[f] = right * root(r);
    sums_[l] += c.g[f];
    sums_[r] += c.g[f];
    minus_g_[f] = -c.g[f];
  }
  for (std::size_t k = 0; k < owned; ++k) diagonal_[k] *= root(k);
}

multigrid::SparseMatrix ProximalMatrix::rows(const ProximalCoefficients& c) {
  set_entries(c);
  multigrid::ColumnNumbers numbers = faces_.numbers();
  return multigrid::normal_matrix(mesh_.comm, numbers,
                                  faces_.rows(diagonal_, left_right_, right_left_),
                                  faces_.rows(sums_, minus_g_, minus_g_));
}

Mat ProximalMatrix::assemble(const ProximalCoefficients& c, const WholeRows* rows) {
  set_entries(c);
  A_.set(diagonal_, left_right_, right_left_);
  L_.set(sums_, minus_g_, minus_g_);
  if (!rows) {
    multiply(A_.mat(), L_.mat());
    return H_;
  }
  const MatOwner A = rows->gather(A_.mat()), L = rows->gather(L_.mat());
  rows->comm().together([&] {
    if (!A) return;
    product_ = MatOwner();  // of other matrices
    multiply(A, L);
  });
  return H_;
}

void ProximalMatrix::multiply(Mat A, Mat L) {
  const bool first = !product_;
  check(MatTransposeMatMult(A, A, first ? MAT_INITIAL_MATRIX : MAT_REUSE_MATRIX, 3,
                            first ? product_.out() : product_.address()));
  if (first) {
    check(MatDuplicate(product_, MAT_DO_NOT_COPY_VALUES, H_.out()));
    check(MatSetOption(H_, MAT_SPD, PETSC_TRUE));
  }
  check(MatCopy(product_, H_, SAME_NONZERO_PATTERN));
  check(MatAXPY(H_, 1, L, SUBSET_NONZERO_PATTERN));
}

}  // namespace otto
