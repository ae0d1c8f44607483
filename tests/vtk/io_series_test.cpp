// Every series Otto writes, read back with VTK's own readers and compared exactly with the state.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <vtkCell.h>
#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkDataSet.h>
#include <vtkHDFReader.h>
#include <vtkNew.h>
#include <vtkXMLImageDataReader.h>
#include <vtkXMLPImageDataReader.h>
#include <vtkXMLPUnstructuredGridReader.h>
#include <vtkXMLUnstructuredGridReader.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "otto/core/error.h"
#include "otto/io/field_series.h"
#include "scratch.h"

using namespace otto;

namespace {

Mesh test_box(const Comm& world, int dimension, double ratio) {
  Box box;
  box.dimension = dimension;
  box.nodes[0] = graded_nodes(-1, 2, 9, ratio);
  if (dimension > 1) box.nodes[1] = graded_nodes(0, 1, 8, ratio);
  if (dimension > 2) box.nodes[2] = graded_nodes(3, 5, 6, ratio);
  return make_box_mesh(world, box);
}

/// A value no two cells share, different at every time.
double value(const Point& x, double t) {
  return std::sin(3.1 * x[0] + 1) * std::exp(x[1] - t) + 0.37 * x[2] + 1e-300 + t / 3;
}

std::vector<double> values_at(const Mesh& mesh, double t) {
  std::vector<double> v;
  for (std::int32_t i = 0; i < mesh.owned; ++i) {
    v.push_back(value(mesh.center[static_cast<std::size_t>(i)], t));
  }
  return v;
}

/// All cells of the mesh on the root rank: centre and volume by global number.
struct Whole {
  std::vector<double> x, y, z, volume;
};
Whole gather(const Mesh& mesh) {
  const auto n = static_cast<std::size_t>(mesh.global_cells);
  Whole w{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n),
          std::vector<double>(n)};
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const auto g = static_cast<std::size_t>(mesh.global[i]);
    w.x[g] = mesh.center[i][0];
    w.y[g] = mesh.center[i][1];
    w.z[g] = mesh.center[i][2];
    w.volume[g] = mesh.volume[i];
  }
  for (auto* v : {&w.x, &w.y, &w.z, &w.volume}) mesh.comm.sum_in_place(*v);
  return w;
}

using Index = std::vector<std::pair<double, std::string>>;

Index read_series(const std::filesystem::path& file) {
  Index index;
  std::ifstream stream(file);
  const auto series = nlohmann::json::parse(stream);
  for (const auto& entry : series.at("files")) {
    index.emplace_back(entry.at("time").get<double>(), entry.at("name").get<std::string>());
  }
  return index;
}

Index read_pvd(const std::filesystem::path& file) {
  Index index;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto time = line.find("timestep=\""), name = line.find("file=\"");
    if (time == std::string::npos) continue;
    index.emplace_back(std::stod(line.substr(time + 10)),
                       line.substr(name + 6, line.rfind('"') - name - 6));
  }
  return index;
}

template <class Reader>
vtkSmartPointer<vtkDataSet> read_with(const std::string& file) {
  vtkNew<Reader> reader;
  reader->SetFileName(file.c_str());
  reader->Update();
  return vtkDataSet::SafeDownCast(reader->GetOutputAsDataSet());
}

vtkSmartPointer<vtkDataSet> read_file(const std::filesystem::path& file) {
  const std::string name = file.string(), kind = file.extension();
  if (kind == ".vti") return read_with<vtkXMLImageDataReader>(name);
  if (kind == ".pvti") return read_with<vtkXMLPImageDataReader>(name);
  if (kind == ".vtu") return read_with<vtkXMLUnstructuredGridReader>(name);
  if (kind == ".pvtu") return read_with<vtkXMLPUnstructuredGridReader>(name);
  vtkNew<vtkHDFReader> reader;
  reader->SetFileName(name.c_str());
  reader->Update();
  return vtkDataSet::SafeDownCast(reader->GetOutputDataObject(0));
}

/// Every cell of the mesh appears once, in its place, with exactly its values.
void expect_equal(vtkDataSet* data, const Whole& mesh, int dimension, double t) {
  ASSERT_NE(data, nullptr);
  ASSERT_EQ(data->GetNumberOfCells(), static_cast<vtkIdType>(mesh.x.size()));
  auto* density = data->GetCellData()->GetArray("density");
  auto* volume = data->GetCellData()->GetArray("volume");
  ASSERT_NE(density, nullptr);
  ASSERT_NE(volume, nullptr);
  std::map<std::array<long, 3>, std::size_t> by_place;
  const auto key = [](double x, double y, double z) {
    return std::array<long, 3>{std::lround(x * 1e9), std::lround(y * 1e9), std::lround(z * 1e9)};
  };
  for (std::size_t g = 0; g < mesh.x.size(); ++g)
    by_place[key(mesh.x[g], mesh.y[g], mesh.z[g])] = g;
  std::vector<int> seen(mesh.x.size(), 0);
  for (vtkIdType c = 0; c < data->GetNumberOfCells(); ++c) {
    double bounds[6];
    data->GetCellBounds(c, bounds);
    EXPECT_EQ(data->GetCell(c)->GetCellDimension(), dimension);
    const auto found = by_place.find(
        key((bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2, (bounds[4] + bounds[5]) / 2));
    ASSERT_NE(found, by_place.end());
    const std::size_t g = found->second;
    ++seen[g];
    EXPECT_EQ(density->GetComponent(c, 0), value({mesh.x[g], mesh.y[g], mesh.z[g]}, t));
    EXPECT_EQ(volume->GetComponent(c, 0), mesh.volume[g]);
    double size = 1;
    for (int a = 0; a < dimension; ++a) size *= bounds[2 * a + 1] - bounds[2 * a];
    EXPECT_NEAR(size, mesh.volume[g], 1e-12);
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<long>(seen.size()));
}

std::unique_ptr<FieldSeries> make(const std::string& format, SeriesSubject subject) {
  return format == "vtk" ? make_xml_series(std::move(subject))
                         : make_vtkhdf_series(std::move(subject));
}

struct Kind {
  const char* format;
  int dimension;
  double ratio;  ///< of cell widths; 1: equal
};

class Series : public testing::TestWithParam<Kind> {};

TEST_P(Series, IsReadByVtkExactly) {
  const auto [format, dimension, ratio] = GetParam();
  const Comm world;
  const ScratchFolder scratch(world);
  const Mesh mesh = test_box(world, dimension, ratio);
  const std::vector<double> times{0, 0.1, 1.0 / 3.0};
  const auto series = make(
      format, {mesh,
               scratch.path(),
               {{"volume", std::span(mesh.volume).first(static_cast<std::size_t>(mesh.owned))}},
               collect_provenance(world, "case")});
  for (const double t : times) {
    const auto v = values_at(mesh, t);
    const NamedField density{"density", v};
    series->write(t, {&density, 1});
  }
  series->finish();
  const Whole whole = gather(mesh);
  if (!world.is_root()) return;
  const bool xml = std::string(format) == "vtk";
  const Index index = xml ? read_pvd(scratch.path() / "density.pvd")
                          : read_series(scratch.path() / "density.hdf.series");
  ASSERT_EQ(index.size(), times.size());
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_EQ(index[k].first, times[k]);
    const std::filesystem::path name = index[k].second;
    EXPECT_TRUE(name.is_relative());
    if (xml) {
      const std::string kind =
          std::string(world.size() > 1 ? "p" : "") + (ratio == 1 ? "vti" : "vtu");
      EXPECT_EQ(name.extension(), "." + kind);
    }
    expect_equal(read_file(scratch.path() / name), whole, dimension, times[k]);
  }
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}

INSTANTIATE_TEST_SUITE_P(All, Series,
                         testing::Values(Kind{"vtkhdf", 1, 1}, Kind{"vtkhdf", 2, 1},
                                         Kind{"vtkhdf", 3, 1}, Kind{"vtkhdf", 1, 3},
                                         Kind{"vtkhdf", 2, 3}, Kind{"vtkhdf", 3, 3},
                                         Kind{"vtk", 1, 1}, Kind{"vtk", 2, 1}, Kind{"vtk", 3, 1},
                                         Kind{"vtk", 1, 3}, Kind{"vtk", 2, 3}, Kind{"vtk", 3, 3}),
                         [](const auto& test) {
                           return std::string(test.param.format) +
                                  std::to_string(test.param.dimension) +
                                  (test.param.ratio == 1 ? "equal" : "graded");
                         });

TEST(SeriesFailure, AFullDiskKeepsTheEarlierTimes) {
  const Comm world;
  std::signal(SIGXFSZ, SIG_IGN);
  const Mesh mesh = test_box(world, 3, 1);
  const Whole whole = gather(mesh);
  for (const std::string format : {"vtkhdf", "vtk"}) {
    for (const rlim_t bytes : {0, 100, 400, 1000, 2000}) {
      const ScratchFolder scratch(world);
      const auto series = make(
          format, {mesh,
                   scratch.path(),
                   {{"volume", std::span(mesh.volume).first(static_cast<std::size_t>(mesh.owned))}},
                   collect_provenance(world, "case")});
      const auto v = values_at(mesh, 0), w = values_at(mesh, 1);
      const NamedField first{"density", v}, second{"density", w};
      series->write(0, {&first, 1});
      rlimit before{};
      getrlimit(RLIMIT_FSIZE, &before);
      const rlimit limit{bytes, before.rlim_max};
      setrlimit(RLIMIT_FSIZE, &limit);
      std::string message;
      try {
        series->write(1, {&second, 1});
      } catch (const Error& e) {
        EXPECT_EQ(e.status(), ExitStatus::io);
        message = e.what();
      }
      setrlimit(RLIMIT_FSIZE, &before);
      EXPECT_NE(message.find("density"), std::string::npos) << format << " " << bytes;
      if (!world.is_root()) continue;
      const Index index = format == "vtk" ? read_pvd(scratch.path() / "density.pvd")
                                          : read_series(scratch.path() / "density.hdf.series");
      ASSERT_EQ(index.size(), 1U);
      expect_equal(read_file(scratch.path() / index[0].second), whole, 3, 0);
    }
  }
}

}  // namespace
