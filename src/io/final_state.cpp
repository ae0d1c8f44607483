#include "otto/io/final_state.h"

#include "otto/core/fault.h"
#include "otto/io/h5_writer.h"
#include "otto/mesh/global_order.h"

namespace otto {

void write_final_state(const std::filesystem::path& file, const Mesh& mesh, double time,
                       std::span<const NamedField> fields, const Provenance& provenance) {
  fault_point("final_state");
  const GlobalOrder order(mesh);
  const auto owned = static_cast<std::size_t>(mesh.owned),
             d = static_cast<std::size_t>(mesh.dimension);
  std::vector<double> centers(owned * d);
  for (std::size_t i = 0; i < owned; ++i) {
    for (std::size_t a = 0; a < d; ++a) centers[i * d + a] = mesh.center[i][a];
  }
  centers = order.to_slab(centers, mesh.dimension);
  const auto volume = order.to_slab(std::span(mesh.volume).first(owned));
  std::vector<std::vector<double>> slabs;
  for (const auto& field : fields) slabs.push_back(order.to_slab(field.values.first(owned)));

  H5Plan plan;
  plan.group("/cells");
  plan.attribute("/", "time", time);
  add_provenance(plan, provenance);
  plan.dataset("/cells/center", std::span<const double>(centers), mesh.dimension);
  plan.dataset("/cells/volume", std::span<const double>(volume));
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    plan.dataset("/cells/" + fields[i].name, std::span<const double>(slabs[i]));
  }
  write_h5(mesh.comm, file, plan, true);
}

}  // namespace otto
