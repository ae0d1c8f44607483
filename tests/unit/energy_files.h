#pragma once
// Small HDF5 files for tests, written serially.

#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// One dataset: `columns` numbers per row, 0 for a plain list.
struct Dataset {
  std::string name;
  std::vector<double> values;
  hsize_t columns = 0;
};

inline void write_h5(const std::filesystem::path& file, const std::vector<Dataset>& datasets) {
  const hid_t id = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  for (const Dataset& d : datasets) {
    const hsize_t extent[2] = {d.values.size() / std::max<hsize_t>(1, d.columns), d.columns};
    const hid_t space = H5Screate_simple(d.columns > 0 ? 2 : 1, extent, nullptr);
    const hid_t data =
        H5Dcreate2(id, d.name.c_str(), H5T_NATIVE_DOUBLE, space, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, d.values.data());
    H5Dclose(data);
    H5Sclose(space);
  }
  H5Pclose(links);
  H5Fclose(id);
}

/// A table of the cells of a mesh on one rank with values f(centre), every `stride`-th row first,
/// and so on: a permutation where the stride and the number of cells have no common factor.
template <class F>
void write_table(const std::filesystem::path& file, const Mesh& mesh, const std::string& dataset,
                 std::size_t stride, F f) {
  Dataset centers{"/cells/center", {}, static_cast<hsize_t>(mesh.dimension)}, values{dataset, {}};
  const auto n = static_cast<std::size_t>(mesh.owned);
  for (std::size_t i = 0; i < n; ++i) {
    const Point& x = mesh.center[i * stride % n];
    for (int a = 0; a < mesh.dimension; ++a) {
      centers.values.push_back(x[static_cast<std::size_t>(a)]);
    }
    values.values.push_back(f(x));
  }
  write_h5(file, {centers, values});
}

}  // namespace otto
