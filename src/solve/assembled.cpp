#include "assembled.h"

namespace otto {

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

void AssembledMatrix::sum_diagonal(double c, std::span<const double> sigma,
                                   const Generator& generator,
                                   std::vector<double>& diagonal) const {
  const auto owned = std::size_t(mesh_.owned);
  const auto forward = generator.forward(), backward = generator.backward();
  diagonal.assign(std::size_t(mesh_.local()), 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    diagonal[k] = mesh_.volume[k] * (sigma.empty() ? 1 : sigma[k]);
  }
  for (std::size_t f = 0; f < forward.size(); ++f) {
    diagonal[std::size_t(mesh_.faces.left[f])] += c * forward[f];
    diagonal[std::size_t(mesh_.faces.right[f])] += c * backward[f];
  }
  mesh_.halo.update(mesh_.comm, diagonal);
}

void AssembledMatrix::set_scaled(double c, std::span<const double> sigma,
                                 const Generator& generator, std::vector<double>& diagonal) {
  const auto owned = std::size_t(mesh_.owned);
  const auto forward = generator.forward(), backward = generator.backward();
  sum_diagonal(c, sigma, generator, diagonal);
  for (std::size_t k = 0; k < owned; ++k) values_[k] = 1;
  std::size_t next = owned;
  for (std::size_t f = 0; f < forward.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    if (l < owned) values_[next++] = -c * backward[f] / diagonal[r];
    if (r < owned) values_[next++] = -c * forward[f] / diagonal[l];
  }
  finish();
}

void AssembledMatrix::set_backward(std::span<const double> sigma, const Generator& generator,
                                   std::vector<double>& diagonal) {
  const auto owned = std::size_t(mesh_.owned);
  const auto forward = generator.forward(), backward = generator.backward();
  sum_diagonal(1, sigma, generator, diagonal);
  for (std::size_t k = 0; k < owned; ++k) values_[k] = 1;
  std::size_t next = owned;
  for (std::size_t f = 0; f < forward.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    if (l < owned) values_[next++] = -forward[f] / diagonal[l];
    if (r < owned) values_[next++] = -backward[f] / diagonal[r];
  }
  finish();
}

}  // namespace otto
