// One planted fault, by name: that each is found shows that the sanitizers look.

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "otto/core/petsc.h"

namespace {

[[gnu::noipa]] void planted_leak(std::size_t n) {
  std::make_unique<std::vector<double>>(n, 1.0).release();
}

[[gnu::noipa]] double planted_overrun(const double* x, std::size_t n) { return x[n]; }

[[gnu::noipa]] int planted_overflow(int x) { return x + 1; }

}  // namespace

int main(int argc, char** argv) {
  const otto::PetscSession session;
  const std::string fault = argc > 1 ? argv[1] : "";
  const auto n = static_cast<std::size_t>(argc) + 1000;
  if (fault == "leak") planted_leak(n);
  if (fault == "overrun") return planted_overrun(std::vector<double>(n).data(), n) > 1;
  if (fault == "overflow") return planted_overflow(std::numeric_limits<int>::max()) > 0;
  return 0;
}
