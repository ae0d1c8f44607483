// External energies from .vti images.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "otto/energy/free_energy.h"
#include "scratch.h"
#include "unit/energy_support.h"

namespace otto {
namespace {

class Image : public testing::Test {
 protected:
  /// n points per axis of [-1, 1]^d with f; in `kind` "Cell" the values of n - 1 cells per axis.
  template <class F>
  void write(int d, int n, const std::string& kind, F f) const {
    if (!world_.is_root()) return;
    const bool cells = kind == "Cell";
    const double h = 2.0 / (n - 1);
    std::string values;
    const int layers = cells ? n - 1 : n;
    for (int k = 0; k < (d > 2 ? layers : 1); ++k) {
      for (int j = 0; j < (d > 1 ? layers : 1); ++j) {
        for (int i = 0; i < layers; ++i) {
          const double half = cells ? 0.5 : 0;
          const double v = f(-1 + (i + half) * h, d > 1 ? -1 + (j + half) * h : 0,
                             d > 2 ? -1 + (k + half) * h : 0);
          values += fmt::format("{} ", v);
        }
      }
    }
    const int y = d > 1 ? n - 1 : 0, z = d > 2 ? n - 1 : 0;
    std::ofstream(scratch_.path() / "V.vti") << fmt::format(
        "<?xml version=\"1.0\"?>\n"
        "<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\">\n"
        "<ImageData WholeExtent=\"0 {0} 0 {1} 0 {2}\" Origin=\"-1 {3} {4}\" Spacing=\"{5} {5} "
        "{5}\">\n<Piece Extent=\"0 {0} 0 {1} 0 {2}\">\n<{6}Data>\n<DataArray type=\"Float64\" "
        "Name=\"V\" format=\"ascii\">{7}</DataArray>\n</{6}Data>\n</Piece>\n</ImageData>\n"
        "</VTKFile>\n",
        n - 1, y, z, d > 1 ? -1 : 0, d > 2 ? -1 : 0, h, kind, values);
  }
  std::vector<double> external(const Mesh& mesh, const std::string& more = "") const {
    (void)world_.any(false);  // the file is there
    const Case c = case_of(
        "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\n"
        "kind = \"external\"\ntable = \"V.vti\"\n" +
            more,
        scratch_.path() / "case.toml");
    std::vector<double> V(static_cast<std::size_t>(mesh.local()));
    make_free_energy(c.sections("energy"), mesh).external(mesh, 0, V);
    (void)world_.any(false);  // the file has been read
    return V;
  }
  Comm world_;
  ScratchFolder scratch_{world_};
};

// Functions linear along each axis are met exactly, on a mesh that has nothing to do with the
// image.
TEST_F(Image, IsInterpolatedLinearlyAlongEachAxis) {
  const auto f = [](double x, double y, double z) {
    return 1 + 2 * x - y + 3 * z + x * y - 2 * x * z + 4 * x * y * z;
  };
  for (int d = 1; d <= 3; ++d) {
    const Mesh mesh = cube(d, -1, 1, 7, world_);
    write(d, 5, "Point", f);
    const auto V = external(mesh, "array = \"V\"\nstrength = 0.5\n");
    for (std::size_t c = 0; c < V.size(); ++c) {
      const auto [x, y, z] = mesh.center[c];
      EXPECT_NEAR(V[c], 0.5 * f(x, y, z), 1e-14);
    }
  }
}

TEST_F(Image, CellDataOnTheSameCellsIsTakenAsItIs) {
  write(2, 9, "Cell", [](double x, double y, double) { return x * x + y; });
  const Mesh mesh = cube(2, -1, 1, 8, world_);
  const auto V = external(mesh);
  for (std::size_t c = 0; c < V.size(); ++c) {
    const auto [x, y, z] = mesh.center[c];
    EXPECT_NEAR(V[c], x * x + y, 1e-15);
  }
}

TEST_F(Image, HasToCoverTheMesh) {
  write(2, 9, "Point", [](double, double, double) { return 0.0; });
  expect_error([&] { (void)external(cube(2, -1, 1.5, 8, world_)); },
               {"V.vti", "outside", "covers x from -1 to 1"});
  expect_error([&] { (void)external(cube(3, -1, 1, 8, world_)); }, {"V.vti", "1 point along z"});
  expect_error([&] { (void)external(cube(2, -1, 1, 8, world_), "array = \"W\"\n"); },
               {"V.vti", "'W'"});
}

}  // namespace
}  // namespace otto
