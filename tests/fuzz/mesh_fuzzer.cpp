// libFuzzer on the readers of meshes: the input is the content of a Gmsh file. It becomes a mesh of
// positive volumes and rates, by elements and by vertices, or is refused by an InputError that
// names the file.

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "otto/casefile/case.h"
#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/mesh/make_mesh.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace {

struct Session {
  Session() {
    std::string name = "/tmp/otto-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder = name;
  }
  ~Session() {
    unlink((folder + "/mesh.msh").c_str());
    rmdir(folder.c_str());
  }
  [[nodiscard]] otto::Case read(const std::string& control_volumes) const {
    return otto::parse_case("[mesh]\nkind = \"gmsh\"\nfile = \"mesh.msh\"\ncontrol_volumes = \"" +
                                control_volumes + "\"\n",
                            folder + "/case.toml");
  }
  otto::PetscSession petsc;
  std::string folder;
};

void use(const otto::Case& c) {
  try {
    const otto::Mesh mesh = otto::make_mesh(otto::Comm(), c.section("mesh"));
    for (const double v : mesh.volume) {
      if (!(v > 0) || !std::isfinite(v)) std::abort();
    }
    for (const double a : mesh.faces.transmissibility) {
      if (!(a > 0) || !std::isfinite(a)) std::abort();
    }
  } catch (const otto::Error& e) {
    const bool named = std::string(e.what()).find("mesh.msh") != std::string::npos;
    if (e.status() == otto::ExitStatus::bad_input && named) return;
    std::fprintf(stderr, "%s\n", e.what());
    std::abort();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Session session;
  const int out = open((session.folder + "/mesh.msh").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(out, data, size) != static_cast<ssize_t>(size)) std::abort();
  close(out);
  static const otto::Case by_elements = session.read("elements"),
                          by_vertices = session.read("vertices");
  use(by_elements);
  use(by_vertices);
  return 0;
}
