// Series on Gmsh meshes, read back with VTK: every cell once, its values to the last bit, and its
// shape of the size the mesh says.

#include <gtest/gtest.h>
#include <vtkCell.h>
#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkDataSet.h>
#include <vtkHDFReader.h>
#include <vtkIdList.h>
#include <vtkNew.h>
#include <vtkPoints.h>
#include <vtkXMLPUnstructuredGridReader.h>
#include <vtkXMLUnstructuredGridReader.h>

#include <cmath>
#include <filesystem>

#include "mesh_files.h"
#include "otto/io/field_series.h"
#include "scratch.h"

using namespace otto;

namespace {

double size_of(vtkCell* cell) {
  vtkNew<vtkIdList> ids;
  vtkNew<vtkPoints> points;
  points->SetDataTypeToDouble();
  cell->Triangulate(0, ids, points);
  const int d = cell->GetCellDimension();
  double sum = 0;
  for (vtkIdType first = 0; first < points->GetNumberOfPoints(); first += d + 1) {
    double x[4][3] = {};
    for (int v = 0; v <= d; ++v) points->GetPoint(first + v, x[v]);
    double e[3][3];
    for (int v = 0; v < 3; ++v) {
      for (int a = 0; a < 3; ++a) e[v][a] = v < d ? x[v + 1][a] - x[0][a] : double(a == v);
    }
    sum += std::abs(e[0][0] * (e[1][1] * e[2][2] - e[1][2] * e[2][1]) -
                    e[0][1] * (e[1][0] * e[2][2] - e[1][2] * e[2][0]) +
                    e[0][2] * (e[1][0] * e[2][1] - e[1][1] * e[2][0])) /
           (d == 2 ? 2 : 6);
  }
  return sum;
}

template <class Reader>
vtkSmartPointer<vtkDataSet> read_with(const std::filesystem::path& file) {
  vtkNew<Reader> reader;
  reader->SetFileName(file.c_str());
  reader->Update();
  return vtkDataSet::SafeDownCast(reader->GetOutputDataObject(0));
}

vtkSmartPointer<vtkDataSet> read_last(const std::filesystem::path& folder, const Comm& comm,
                                      bool xml) {
  if (!xml) return read_with<vtkHDFReader>(folder / "density_0001.hdf");
  return comm.size() > 1 ? read_with<vtkXMLPUnstructuredGridReader>(folder / "density_0001.pvtu")
                         : read_with<vtkXMLUnstructuredGridReader>(folder / "density_0001.vtu");
}

class GmshSeries : public testing::TestWithParam<std::string> {};

TEST_P(GmshSeries, IsReadByVtkExactly) {
  const Comm world;
  const Mesh mesh = mesh_of(world, GetParam());
  const auto owned = std::size_t(mesh.owned);
  const auto value = [](const Point& x) { return std::sin(3.1 * x[0]) + std::exp(x[1] - x[2]); };
  std::vector<double> density, number(mesh.global.begin(), mesh.global.begin() + mesh.owned);
  for (std::size_t c = 0; c < owned; ++c) density.push_back(value(mesh.center[c]));
  std::vector<double> expected(std::size_t(mesh.global_cells), 0.0), volume(expected);
  for (std::size_t c = 0; c < owned; ++c) {
    expected[std::size_t(mesh.global[c])] = density[c];
    volume[std::size_t(mesh.global[c])] = mesh.volume[c];
  }
  world.sum_in_place(expected);
  world.sum_in_place(volume);
  for (const bool xml : {false, true}) {
    const ScratchFolder scratch(world);
    SeriesSubject subject{
        mesh, scratch.path(), {{"number", number}}, collect_provenance(world, "case")};
    const auto series =
        xml ? make_xml_series(std::move(subject)) : make_vtkhdf_series(std::move(subject));
    const NamedField field{"density", density};
    series->write(0, {&field, 1});
    series->write(0.5, {&field, 1});
    series->finish();
    if (!world.is_root()) continue;
    const auto data = read_last(scratch.path(), world, xml);
    ASSERT_NE(data, nullptr);
    ASSERT_EQ(data->GetNumberOfCells(), mesh.global_cells);
    std::vector<int> seen(expected.size(), 0);
    for (vtkIdType c = 0; c < data->GetNumberOfCells(); ++c) {
      const auto g = std::size_t(data->GetCellData()->GetArray("number")->GetComponent(c, 0));
      ++seen[g];
      EXPECT_EQ(data->GetCellData()->GetArray("density")->GetComponent(c, 0), expected[g]);
      EXPECT_EQ(data->GetCell(c)->GetCellDimension(), mesh.dimension);
      EXPECT_NEAR(size_of(data->GetCell(c)), volume[g], 1e-11);
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), std::ptrdiff_t(seen.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GmshSeries,
                         testing::Values("meshes/acute", "meshes/annulus", "meshes/torus",
                                         "tests/meshes/cube", "tests/meshes/split_squares",
                                         "tests/meshes/split_cubes"),
                         [](const auto& of) {
                           std::string name = of.param;
                           for (char& c : name) c = c == '/' ? '_' : c;
                           return name;
                         });

}  // namespace
