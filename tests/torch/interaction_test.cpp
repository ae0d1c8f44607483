// W * rho with W a network: against direct sums of its even part over the nearest images.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "otto/network/network_module.h"
#include "scenario.h"
#include "scratch.h"

namespace otto {
namespace {

std::string toml(const std::string& sides, const std::filesystem::path& file) {
  return "[mesh]\nkind = \"box\"\n" + sides + "\n[[energy]]\nkind = \"interaction\"\nnetwork = \"" +
         file.string() + "\"\nstrength = 1.5\n[time]\nstep = 1.0\nend = 1.0\n";
}

double some_density(std::int64_t global) { return 1 + std::sin(1.7 * double(global) + 0.3); }

/// The offsets that lead from one cell to the nearest images of another along an axis.
std::vector<double> offsets(std::int64_t from, std::int64_t to, std::int64_t n, bool periodic,
                            double h) {
  std::int64_t i = to - from;
  if (!periodic) return {double(i) * h};
  i = ((i % n) + n) % n;
  if (2 * i == n) return {double(i) * h, -double(i) * h};
  return {double(2 * i < n ? i : i - n) * h};
}

/// Largest difference to the direct sum in a 2-D box, relative to the largest value.
double difference(const test::Scenario& s, const Network& network) {
  const BoxBlock& b = *s.mesh.box;
  const std::int64_t nx = b.cells(0), ny = b.cells(1);
  const double hx = b.width(0, 0), hy = b.width(1, 0);
  std::vector<double> rho(std::size_t(s.mesh.owned)), found(rho.size());
  for (std::size_t k = 0; k < rho.size(); ++k) rho[k] = some_density(s.mesh.global[k]);
  s.energy.interaction()->potential(rho, found);
  double worst = 0, max = 0;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const std::int64_t K = s.mesh.global[k];
    double sum = 0;
    for (std::int64_t L = 0; L < nx * ny; ++L) {
      std::vector<Point> z;
      for (const double x : offsets(K % nx, L % nx, nx, b.box.periodic[0], hx)) {
        for (const double y : offsets(K / nx, L / nx, ny, b.box.periodic[1], hy)) {
          z.push_back({x, y, 0});
          z.push_back({-x, -y, 0});
        }
      }
      std::vector<double> W(z.size());
      network.evaluate(z, W);
      for (const double w : W) sum += 1.5 * w / double(W.size()) * some_density(L);
    }
    sum *= hx * hy;
    worst = std::max(worst, std::abs(sum - found[k]));
    max = std::max(max, std::abs(sum));
  }
  return s.mesh.comm.max(worst) / s.mesh.comm.max(max);
}

TEST(NetworkInteraction, IsTheDirectSum) {
  const Comm world;
  const ScratchFolder scratch(world);
  const auto file = scratch.path() / "kernel.pt";
  NetworkDesign design;
  design.box = {{-1, -1}, {1, 1}};
  design.frequencies = 4;
  design.fastest = 4;
  design.widths = {8};
  const auto network = make_network(design);
  if (world.is_root()) std::ofstream(file, std::ios::binary) << network->file();
  MPI_Barrier(world.handle());
  for (const char* sides :
       {"lower = [0.0, 0.0]\nupper = [1.0, 1.5]\ncells = [9, 8]",
        "lower = [0.0, 0.0]\nupper = [1.0, 1.5]\ncells = [8, 6]\nperiodic = [true, true]",
        "lower = [0.0, 0.0]\nupper = [1.0, 1.5]\ncells = [7, 5]\nperiodic = [false, true]"}) {
    SCOPED_TRACE(sides);
    EXPECT_LE(difference(test::Scenario(toml(sides, file)), *network), 1e-13);
  }
}

}  // namespace
}  // namespace otto
