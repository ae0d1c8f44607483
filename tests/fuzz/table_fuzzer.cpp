// libFuzzer on the readers of tables: the input is the content of an HDF5 file that an [initial]
// table names. It is read, or refused by an InputError that names the file.

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "otto/casefile/case.h"
#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/energy/free_energy.h"
#include "otto/initial/initial.h"
#include "otto/mesh/make_mesh.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace {

const char* const toml = R"(
[mesh]
kind = "box"
lower = [0.0, 0.0]
upper = [1.0, 1.0]
cells = [4, 3]
[[energy]]
kind = "entropy"
temperature = 1.0
[initial]
kind = "table"
file = "table.h5"
[time]
step = 0.1
end = 1.0
)";

struct Session {
  Session() {
    std::string name = "/tmp/otto-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder = name;
  }
  ~Session() {
    unlink((folder + "/table.h5").c_str());
    rmdir(folder.c_str());
  }
  otto::PetscSession petsc;
  std::string folder;
};

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Session session;
  const std::string file = session.folder + "/table.h5";
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(out, data, size) != static_cast<ssize_t>(size)) std::abort();
  close(out);
  static const otto::Case c = otto::parse_case(toml, session.folder + "/case.toml");
  static const otto::Mesh mesh = otto::make_mesh(otto::Comm(), c.section("mesh"));
  static const otto::FreeEnergy energy = otto::make_free_energy(c.sections("energy"), mesh);
  try {
    for (const double rho : otto::initial_density(c, mesh, energy)) {
      if (!std::isfinite(rho) || rho < 0) std::abort();
    }
  } catch (const otto::Error& e) {
    // the table by its name, or the key that names it by its place
    const std::string what = e.what();
    const bool named =
        what.find("table.h5") != std::string::npos || what.find("case.toml:") != std::string::npos;
    if (e.status() == otto::ExitStatus::bad_input && named) return 0;
    std::fprintf(stderr, "%s\n", e.what());
    std::abort();
  }
  return 0;
}
