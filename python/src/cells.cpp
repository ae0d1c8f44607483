#include "cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"

namespace otto::python {

Cells::Cells(const Mesh& mesh) : mesh_(mesh), order_(mesh) {}

std::vector<double> Cells::whole(std::span<const double> owned, int columns) const {
  const std::vector<double> slab = order_.to_slab(owned, columns);
  const Comm& comm = mesh_.comm;
  if (comm.size() == 1) return slab;
  std::vector<int> counts(std::size_t(comm.size())), starts(counts.size(), 0);
  const int mine = int(slab.size());
  MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, comm.handle());
  for (std::size_t r = 1; r < counts.size(); ++r) starts[r] = starts[r - 1] + counts[r - 1];
  std::vector<double> all(count() * std::size_t(columns));
  MPI_Allgatherv(slab.data(), mine, MPI_DOUBLE, all.data(), counts.data(), starts.data(),
                 MPI_DOUBLE, comm.handle());
  return all;
}

std::vector<double> Cells::local(std::span<const double> whole) const {
  std::vector<double> values(std::size_t(mesh_.local()));
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = whole[std::size_t(mesh_.global[k])];
  return values;
}

std::vector<double> Cells::owned(std::span<const double> whole) const {
  std::vector<double> values = local(whole);
  values.resize(std::size_t(mesh_.owned));
  return values;
}

std::vector<double> Cells::centers() const {
  const auto owned = std::size_t(mesh_.owned), d = std::size_t(mesh_.dimension);
  std::vector<double> values(owned * d);
  for (std::size_t k = 0; k < owned; ++k) {
    for (std::size_t a = 0; a < d; ++a) values[k * d + a] = mesh_.center[k][a];
  }
  return whole(values, mesh_.dimension);
}

std::vector<double> Cells::volumes() const {
  return whole(std::span(mesh_.volume).first(std::size_t(mesh_.owned)));
}

py::array_t<double> to_array(const std::vector<double>& values, int columns) {
  const auto rows = py::ssize_t(values.size()) / columns;
  py::array_t<double> array(columns == 1 ? std::vector<py::ssize_t>{rows}
                                         : std::vector<py::ssize_t>{rows, columns});
  std::ranges::copy(values, array.mutable_data());
  return array;
}

std::vector<double> from_array(const Array& array, std::size_t cells, const char* what) {
  if (array.ndim() != 1 || std::size_t(array.size()) != cells) {
    std::string shape;
    for (py::ssize_t i = 0; i < array.ndim(); ++i) {
      shape += fmt::format("{}{}", i == 0 ? "" : ", ", array.shape(i));
    }
    throw InputError(fmt::format(
        "{}: has the shape ({}), and the mesh has {} cells; give one value per cell, in the order "
        "of final.h5",
        what, shape, cells));
  }
  std::vector<double> values(array.data(), array.data() + array.size());
  const auto bad = std::ranges::find_if(values, [](double x) { return !std::isfinite(x); });
  if (bad != values.end()) {
    throw InputError(fmt::format("{}: is {} in cell {}; it must be finite in every cell", what,
                                 *bad, bad - values.begin()));
  }
  return values;
}

}  // namespace otto::python
