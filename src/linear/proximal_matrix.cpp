#include "proximal_matrix.h"

#include <cmath>

namespace otto {

void ProximalMatrix::set(const ProximalCoefficients& c, const WholeRows* rows) {
  const auto owned = std::size_t(mesh_.owned), faces = c.g.size();
  std::vector<double> diagonal(std::size_t(mesh_.local()), 1.0), sums(diagonal.size(), 0.0);
  std::vector<double> left_right(faces), right_left(faces);
  const auto root = [&](std::size_t k) { return k < owned ? std::sqrt(c.omega[k]) : 0.0; };
  for (std::size_t f = 0; f < faces; ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double left = c.slope_left[f] / mesh_.volume[l];
    const double right = c.slope_right[f] / mesh_.volume[r];
    diagonal[l] += left;
    diagonal[r] -= right;
    left_right[f] = -left * root(l);
    right_left[f] = right * root(r);
    sums[l] += c.g[f];
    sums[r] += c.g[f];
  }
  for (std::size_t k = 0; k < owned; ++k) diagonal[k] *= root(k);
  A_.set(diagonal, left_right, right_left);
  for (std::size_t f = 0; f < faces; ++f) left_right[f] = -c.g[f];
  L_.set(sums, left_right, left_right);
  if (!rows) return multiply(A_.mat(), L_.mat());
  const MatOwner A = rows->gather(A_.mat()), L = rows->gather(L_.mat());
  rows->comm().together([&] {
    if (!A) return;
    product_ = MatOwner();  // of other matrices
    multiply(A, L);
  });
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
