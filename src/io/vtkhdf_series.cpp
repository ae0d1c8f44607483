// VTKHDF 1.0 (docs.vtk.org, "VTK HDF File Format"), unstructured grids. P parts, one per rank:
//
//   /VTKHDF                 Version = {1, 0}, Type = "UnstructuredGrid"
//   NumberOfPoints, NumberOfCells, NumberOfConnectivityIds     [P]
//   Points [sum points][3], Connectivity, Offsets, Types       ids count within the part,
//                                                              Offsets has cells + 1 entries per
//                                                              part
//   CellData/<name>         [sum cells]

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>

#include "otto/io/field_series.h"
#include "otto/io/h5_writer.h"
#include "otto/mesh/shape_pieces.h"
#include "series_index.h"

namespace otto {

namespace {

constexpr std::array geometry_sets{"NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds",
                                   "Points",         "Connectivity",  "Offsets",
                                   "Types"};

H5Plan vtkhdf_plan(const Provenance& provenance) {
  H5Plan plan;
  plan.group("/VTKHDF");
  plan.group("/VTKHDF/CellData");
  plan.attribute("/VTKHDF", "Version", std::vector<std::int64_t>{1, 0});
  plan.attribute("/VTKHDF", "Type", "UnstructuredGrid");
  add_provenance(plan, provenance);
  return plan;
}

void write_mesh(const SeriesSubject& subject) {
  const ShapePieces shapes = shape_pieces(subject.mesh);
  const std::int64_t points = shapes.points.count / 3, cells = shapes.types.count,
                     ids = shapes.connectivity.count;
  H5Plan plan = vtkhdf_plan(subject.provenance);
  plan.dataset("/VTKHDF/NumberOfPoints", std::span<const std::int64_t>(&points, 1));
  plan.dataset("/VTKHDF/NumberOfCells", std::span<const std::int64_t>(&cells, 1));
  plan.dataset("/VTKHDF/NumberOfConnectivityIds", std::span<const std::int64_t>(&ids, 1));
  plan.dataset("/VTKHDF/Points", shapes.points, 3);
  plan.dataset("/VTKHDF/Connectivity", shapes.connectivity);
  plan.dataset("/VTKHDF/Offsets", shapes.offsets);
  plan.dataset("/VTKHDF/Types", shapes.types);
  for (const auto& field : subject.fixed) {
    plan.dataset("/VTKHDF/CellData/" + field.name, field.values);
  }
  write_h5(subject.mesh.comm, subject.folder / subject.mesh_file, plan);
}

class VtkHdfSeries : public FieldSeries {
 public:
  explicit VtkHdfSeries(SeriesSubject subject)
      : subject_(std::move(subject)),
        file_(subject_.mesh.comm, subject_.folder / "density.hdf.series") {
    write_mesh(subject_);
    index_["file-series-version"] = "1.0";
    index_["files"] = nlohmann::ordered_json::array();
    for (const double time : subject_.earlier) add(time);
    if (!subject_.earlier.empty()) file_.set(index_.dump(1) + "\n");
  }

  void write(double time, std::span<const NamedField> fields) override {
    const std::string name = next_name();
    H5Plan plan = vtkhdf_plan(subject_.provenance);
    plan.attribute("/", "time", time);
    for (const char* set : geometry_sets) {
      const std::string path = fmt::format("/VTKHDF/{}", set);
      plan.link(path, subject_.mesh_file, path);
    }
    for (const auto& field : subject_.fixed) {
      const std::string path = "/VTKHDF/CellData/" + field.name;
      plan.link(path, subject_.mesh_file, path);
    }
    for (const auto& field : fields) plan.dataset("/VTKHDF/CellData/" + field.name, field.values);
    write_h5(subject_.mesh.comm, subject_.folder / name, plan);

    add(time);
    file_.set(index_.dump(1) + "\n");
  }

  void finish() override { file_.finish(); }

 private:
  [[nodiscard]] std::string next_name() const {
    return series_name(static_cast<int>(index_["files"].size())) + ".hdf";
  }
  void add(double time) {
    const std::string name = next_name();
    index_["files"].push_back({{"name", name}, {"time", time}});
  }

  SeriesSubject subject_;
  nlohmann::ordered_json index_;
  SeriesIndex file_;
};

}  // namespace

std::unique_ptr<FieldSeries> make_vtkhdf_series(SeriesSubject subject) {
  return std::make_unique<VtkHdfSeries>(std::move(subject));
}

}  // namespace otto
