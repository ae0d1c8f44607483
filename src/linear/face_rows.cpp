#include "face_rows.h"

namespace otto {

FaceRows::FaceRows(const Mesh& mesh)
    : mesh_(mesh),
      numbers_(mesh.comm.offset(mesh.owned),
               {mesh.global.begin(), mesh.global.begin() + mesh.owned}) {
  std::vector<double> number(std::size_t(mesh.local()));  // rank by rank
  const std::int64_t first = mesh.comm.offset(mesh.owned);
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) number[k] = double(first) + double(k);
  mesh.halo.update(mesh.comm, number);
  for (std::size_t k = 0; k < number.size(); ++k) {
    column_.push_back(numbers_.local(std::int64_t(number[k]), mesh.global[k]));
  }
}

multigrid::Rows<double> FaceRows::rows(std::span<const double> diagonal,
                                       std::span<const double> left_right,
                                       std::span<const double> right_left) const {
  const auto owned = std::size_t(mesh_.owned);
  const auto for_each = [&](auto&& visit) {
    for (std::size_t k = 0; k < owned; ++k) visit(k, column_[k], diagonal[k]);
    for (std::size_t f = 0; f < left_right.size(); ++f) {
      const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
      if (l < owned && left_right[f] != 0) visit(l, column_[r], left_right[f]);
      if (r < owned && right_left[f] != 0) visit(r, column_[l], right_left[f]);
    }
  };
  multigrid::Rows<double> rows;
  rows.start.assign(owned + 1, 0);
  for_each([&](std::size_t k, std::int32_t, double) { ++rows.start[k + 1]; });
  for (std::size_t k = 0; k < owned; ++k) rows.start[k + 1] += rows.start[k];
  rows.column.resize(std::size_t(rows.start[owned]));
  rows.value.resize(rows.column.size());
  std::vector<std::int32_t> next(rows.start.begin(), rows.start.end() - 1);
  for_each([&](std::size_t k, std::int32_t column, double value) {
    const auto at = std::size_t(next[k]++);
    rows.column[at] = column;
    rows.value[at] = value;
  });
  return rows;
}

}  // namespace otto
