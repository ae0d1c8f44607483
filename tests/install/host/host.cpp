// host FOLDER: a series in VTK's XML format, which the VTK module writes.

#include "otto/core/petsc.h"
#include "otto/io/field_series.h"

int main(int, char** argv) {
  const otto::PetscSession session;
  const otto::Comm comm;
  otto::Box box{.dimension = 2};
  for (const int axis : {0, 1}) box.nodes[std::size_t(axis)] = otto::graded_nodes(0, 1, 4, 1);
  const otto::Mesh mesh = otto::make_box_mesh(comm, box);
  const std::vector<double> ones(std::size_t(mesh.owned), 1.0);
  const std::vector<otto::NamedField> fields{{.name = "density", .values = ones}};
  const auto series = otto::make_xml_series({.mesh = mesh,
                                             .folder = argv[1],
                                             .fixed = {},
                                             .provenance = otto::collect_provenance(comm, "")});
  series->write(0, fields);
  series->finish();
}
