#include "otto/io/final_state.h"

#include <algorithm>

#include "otto/core/fault.h"
#include "otto/io/h5_writer.h"
#include "otto/mesh/global_order.h"

namespace otto {

namespace {

/// As many coordinates of every owned cell as the mesh has dimensions.
std::vector<double> packed_centers(const Mesh& mesh) {
  const auto owned = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  std::vector<double> centers(owned * d);
  for (std::size_t i = 0; i < owned; ++i) std::copy_n(mesh.center[i].begin(), d, &centers[i * d]);
  return centers;
}

}  // namespace

void write_final_state(const std::filesystem::path& file, const Mesh& mesh, double time,
                       std::span<const NamedField> fields, const Provenance& provenance) {
  fault_point("final_state");
  const GlobalOrder order(mesh);
  const int d = mesh.dimension;
  const std::vector<double> centers = packed_centers(mesh);
  const auto in_order = [&](std::span<const double> values, int columns) {
    return Pieces<double>{order.rows() * columns,
                          [&order, values, columns](const Pieces<double>::Sink& sink) {
                            order.stream(
                                values, [&](auto, auto piece) { sink(piece); }, columns);
                          }};
  };
  H5Plan plan;
  plan.group("/cells");
  plan.attribute("/", "time", time);
  add_provenance(plan, provenance);
  plan.dataset("/cells/center", in_order(centers, d), d);
  plan.dataset("/cells/volume", in_order(mesh.volume, 1));
  for (const auto& field : fields) plan.dataset("/cells/" + field.name, in_order(field.values, 1));
  write_h5(mesh.comm, file, plan, true);
}

}  // namespace otto
