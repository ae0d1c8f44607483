#pragma once
// Meshes of the tests, from tests/meshes and meshes/.

#include <string>

#include "otto/casefile/case.h"
#include "otto/mesh/gmsh.h"

namespace otto {

/// "meshes/acute" or "tests/meshes/cube", refined so many times.
inline Mesh mesh_of(const Comm& comm, const std::string& file, int refine = 0,
                    const std::string& partitioner = "bisection",
                    const std::string& control_volumes = "elements") {
  const std::string text = "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR "/" + file +
                           ".msh\"\nrefine = " + std::to_string(refine) + "\npartitioner = \"" +
                           partitioner + "\"\ncontrol_volumes = \"" + control_volumes + "\"\n";
  return make_gmsh_mesh(comm, parse_case(text, "test.toml").section("mesh"));
}

}  // namespace otto
