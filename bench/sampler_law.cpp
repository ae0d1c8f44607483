// sampler_law CASE.toml PARTICLES K...: Langevin particles from uniform noise in the box of a case
// with one network, K steps to time.end for every K, as histograms on the cells of the case. One
// line for each: K, seconds, and the mass in every cell, in the order of final.h5.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "otto/casefile/case.h"
#include "otto/core/petsc.h"
#include "otto/energy/free_energy.h"
#include "otto/learn/langevin.h"
#include "otto/mesh/make_mesh.h"
#include "otto/network/network_use.h"

namespace otto {

int sampler_law(const std::string& file, std::int64_t count, std::span<char*> steps) {
  const Comm world;
  const Case c = read_case(world, file);
  const Mesh mesh = make_mesh(world, c.section("mesh"));
  const FreeEnergy energy = make_free_energy(c.sections("energy"), mesh);
  const Network& network = energy.networks().at(0)->network();
  ParticleBox box{mesh.dimension, {}, {}, {}};
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    box.lower[a] = mesh.box->box.nodes[a].front();
    box.upper[a] = mesh.box->box.nodes[a].back();
  }
  for (const char* word : steps) {
    const int k = std::atoi(word);
    const auto began = std::chrono::steady_clock::now();
    auto particles = LangevinParticles::uniform(box, count, 0, 1);
    particles.advance(k, c.section("time").real("end") / k,
                      [&](auto x, auto slope) { network.gradient(x, slope); });
    std::vector<double> mass(std::size_t(mesh.global_cells), 0.0);
    for (const Point& x : particles.positions()) {
      std::int64_t cell = 0, stride = 1;
      for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
        const std::int64_t n = mesh.box->cells(int(a));
        const double place = (x[a] - box.lower[a]) / (box.upper[a] - box.lower[a]);
        cell += stride * std::min(n - 1, std::int64_t(place * double(n)));
        stride *= n;
      }
      mass[std::size_t(cell)] += 1 / double(count);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fmt::print("{} {:.2f} {}\n", k, took.count(), fmt::join(mass, " "));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace otto

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: sampler_law CASE.toml PARTICLES K...\n");
    return 2;
  }
  const otto::PetscSession session;
  return otto::sampler_law(argv[1], std::atoll(argv[2]), {argv + 3, std::size_t(argc - 3)});
}
