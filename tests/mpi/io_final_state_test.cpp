// final.h5: the same rows in the same order on every rank count; fingerprints to the last digit.

#include <gtest/gtest.h>
#include <hdf5.h>

#include <cmath>

#include "otto/driver/fingerprint.h"
#include "otto/io/final_state.h"
#include "scratch.h"

using namespace otto;

namespace {

struct Dataset {
  std::vector<hsize_t> shape;
  std::vector<double> values;
  bool operator==(const Dataset&) const = default;
};

Dataset read(hid_t file, const std::string& path) {
  const hid_t set = H5Dopen2(file, path.c_str(), H5P_DEFAULT), space = H5Dget_space(set);
  Dataset d;
  d.shape.resize(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, d.shape.data(), nullptr);
  d.values.resize(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, d.values.data()), 0);
  H5Sclose(space);
  H5Dclose(set);
  return d;
}

Box test_box(int dimension) {
  Box box;
  box.dimension = dimension;
  box.nodes[0] = graded_nodes(-1, 2, 13, 3);
  if (dimension > 1) box.nodes[1] = graded_nodes(-0.5, 0.5, 8, 1);
  if (dimension > 2) box.nodes[2] = graded_nodes(3, 5, 6, 0.5);
  return box;
}

std::vector<double> test_density(const Mesh& mesh) {
  std::vector<double> rho;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.local()); ++i) {
    const Point& x = mesh.center[i];
    rho.push_back(std::exp(-x[0] * x[0] + std::sin(x[1]) - 0.1 * x[2]));
  }
  return rho;
}

std::vector<Dataset> write_and_read(const Mesh& mesh, const std::filesystem::path& file) {
  const auto rho = test_density(mesh);
  const NamedField field{"density", rho};
  write_final_state(file, mesh, 0.75, {&field, 1}, collect_provenance(mesh.comm, "case"));
  const hid_t h = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  std::vector<Dataset> sets;
  for (const char* name : {"/cells/center", "/cells/volume", "/cells/density"}) {
    sets.push_back(read(h, name));
  }
  double time = 0;
  const hid_t a = H5Aopen(h, "time", H5P_DEFAULT);
  H5Aread(a, H5T_NATIVE_DOUBLE, &time);
  EXPECT_EQ(time, 0.75);
  H5Aclose(a);
  H5Fclose(h);
  return sets;
}

TEST(FinalState, IsTheSameOnEveryRankCount) {
  const Comm world;
  for (const int dimension : {1, 2, 3}) {
    const ScratchFolder scratch(world);
    const Mesh shared = make_box_mesh(world, test_box(dimension));
    const auto together = write_and_read(shared, scratch.path() / "together.h5");
    const Comm self(MPI_COMM_SELF);
    const Mesh whole = make_box_mesh(self, test_box(dimension));
    const auto alone =
        write_and_read(whole, scratch.path() / ("alone" + std::to_string(world.rank()) + ".h5"));
    EXPECT_EQ(together, alone);
    EXPECT_EQ(together[0].shape, (std::vector<hsize_t>{static_cast<hsize_t>(whole.global_cells),
                                                       static_cast<hsize_t>(dimension)}));
    EXPECT_EQ(together[1].shape, std::vector<hsize_t>{static_cast<hsize_t>(whole.global_cells)});
    EXPECT_EQ(together[1].values,
              std::vector<double>(whole.volume.begin(), whole.volume.begin() + whole.owned));
    EXPECT_EQ(fingerprint(shared, test_density(shared)), fingerprint(whole, test_density(whole)));
  }
}

TEST(Fingerprint, SeesASwapOfTwoCells) {
  const Comm self(MPI_COMM_SELF);
  Box box;
  box.nodes[0] = graded_nodes(-1, 1, 10, 1);
  const Mesh mesh = make_box_mesh(self, box);
  auto rho = test_density(mesh);
  rho[2] *= 1 + 1e-8;
  const std::string before = fingerprint(mesh, rho);
  std::swap(rho[2], rho[7]);  // places of equal volume and distance from the origin
  EXPECT_NE(fingerprint(mesh, rho), before);
}

}  // namespace
