#include "assembled.h"

#include <algorithm>
#include <functional>

namespace otto {

namespace {

std::vector<double> negative(std::span<const double> x) {
  std::vector<double> y(x.size());
  std::ranges::transform(x, y.begin(), std::negate{});
  return y;
}

}  // namespace

AssembledMatrix::AssembledMatrix(const Mesh& mesh) : mesh_(mesh) {
  const MPI_Comm comm = mesh.comm.handle();
  // PETSc numbers rows rank by rank; ghosts learn their owner's number through the halo.
  std::vector<double> number(std::size_t(mesh.local()));
  const std::int64_t first = mesh.comm.offset(mesh.owned);
  for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) number[c] = double(first) + double(c);
  mesh.halo.update(mesh.comm, number);

  std::vector<PetscInt> rows, columns;
  const auto add = [&](std::size_t row, std::size_t column) {
    rows.push_back(PetscInt(number[row]));
    columns.push_back(PetscInt(number[column]));
  };
  for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) add(c, c);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    if (l < std::size_t(mesh.owned)) add(l, r);
    if (r < std::size_t(mesh.owned)) add(r, l);
  }
  check(MatCreate(comm, A_.out()));
  check(MatSetSizes(A_, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE));
  check(MatSetType(A_, MATAIJ));
  check(MatSetPreallocationCOO(A_, PetscCount(rows.size()), rows.data(), columns.data()));
  values_.resize(rows.size());
}

void AssembledMatrix::finish() { check(MatSetValuesCOO(A_, values_.data(), INSERT_VALUES)); }

void AssembledMatrix::set(std::span<const double> diagonal, std::span<const double> left_right,
                          std::span<const double> right_left) {
  const auto owned = std::size_t(mesh_.owned);
  std::ranges::copy(diagonal.first(owned), values_.begin());
  std::size_t next = owned;
  for (std::size_t f = 0; f < left_right.size(); ++f) {
    if (std::size_t(mesh_.faces.left[f]) < owned) values_[next++] = left_right[f];
    if (std::size_t(mesh_.faces.right[f]) < owned) values_[next++] = right_left[f];
  }
  finish();
}

void AssembledMatrix::set_symmetric(double c, std::span<const double> sigma,
                                    std::span<const double> omega, std::span<const double> g) {
  const auto owned = std::size_t(mesh_.owned);
  for (std::size_t k = 0; k < owned; ++k) values_[k] = omega[k] * (sigma.empty() ? 1 : sigma[k]);
  std::size_t next = owned;
  for (std::size_t f = 0; f < g.size(); ++f) {
    const double cg = c * g[f];
    for (const auto cell : {mesh_.faces.left[f], mesh_.faces.right[f]}) {
      if (std::size_t(cell) >= owned) continue;
      values_[std::size_t(cell)] += cg;
      values_[next++] = -cg;
    }
  }
  finish();
  check(MatSetOption(A_, MAT_SPD, PETSC_TRUE));
}

std::vector<double> AssembledMatrix::weights(std::span<const double> sigma) const {
  std::vector<double> omega(mesh_.volume.begin(), mesh_.volume.begin() + mesh_.owned);
  for (std::size_t k = 0; k < sigma.size(); ++k) omega[k] *= sigma[k];
  return omega;
}

void AssembledMatrix::sum_diagonal(double c, std::span<const double> omega,
                                   std::span<const double> left, std::span<const double> right,
                                   std::vector<double>& diagonal) const {
  diagonal.assign(std::size_t(mesh_.local()), 0.0);
  std::ranges::copy(omega.first(std::size_t(mesh_.owned)), diagonal.begin());
  for (std::size_t f = 0; f < left.size(); ++f) {
    diagonal[std::size_t(mesh_.faces.left[f])] += c * left[f];
    diagonal[std::size_t(mesh_.faces.right[f])] -= c * right[f];
  }
  mesh_.halo.update(mesh_.comm, diagonal);
}

void AssembledMatrix::set_scaled(double c, std::span<const double> sigma,
                                 const Generator& generator, std::vector<double>& diagonal) {
  set_fluxes(c, weights(sigma), generator.forward(), negative(generator.backward()), diagonal);
}

void AssembledMatrix::set_fluxes(double c, std::span<const double> omega,
                                 std::span<const double> left, std::span<const double> right,
                                 std::vector<double>& diagonal) {
  sum_diagonal(c, omega, left, right, diagonal);
  std::vector<double> left_right(left.size()), right_left(left.size());
  for (std::size_t f = 0; f < left.size(); ++f) {
    left_right[f] = c * right[f] / diagonal[std::size_t(mesh_.faces.right[f])];
    right_left[f] = -c * left[f] / diagonal[std::size_t(mesh_.faces.left[f])];
  }
  set(std::vector<double>(std::size_t(mesh_.owned), 1.0), left_right, right_left);
}

void AssembledMatrix::set_backward(std::span<const double> sigma, const Generator& generator,
                                   std::vector<double>& diagonal) {
  set_transposed(1, weights(sigma), generator.forward(), negative(generator.backward()), diagonal);
}

void AssembledMatrix::set_transposed(double c, std::span<const double> omega,
                                     std::span<const double> left, std::span<const double> right,
                                     std::vector<double>& diagonal) {
  sum_diagonal(c, omega, left, right, diagonal);
  std::vector<double> left_right(left.size()), right_left(left.size());
  for (std::size_t f = 0; f < left.size(); ++f) {
    left_right[f] = -c * left[f] / diagonal[std::size_t(mesh_.faces.left[f])];
    right_left[f] = c * right[f] / diagonal[std::size_t(mesh_.faces.right[f])];
  }
  set(std::vector<double>(std::size_t(mesh_.owned), 1.0), left_right, right_left);
}

}  // namespace otto
