// The law of the sampler: Langevin particles under a network against the density the grid computes,
// at the same time, with ever shorter steps. The chain's law is off by O(h); the histogram of n
// particles by sum_b sqrt(2/pi p_b (1 - p_b)/n).

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "otto/learn/langevin.h"
#include "otto/network/network_module.h"
#include "scenario.h"
#include "scratch.h"

namespace otto {
namespace {

constexpr double T = 0.4;
constexpr std::size_t cells = 512, bins = 16;

/// A double well with walls close by, as a network: no closed form is used.
std::unique_ptr<Network> landscape() {
  NetworkDesign design;
  design.dimension = 1;
  design.box = {{-1}, {1}};
  design.frequencies = 3;
  design.fastest = 4;
  design.widths = {6};
  design.amplitude = 2.5;
  design.seed = 5;
  return make_network(design);
}

std::vector<double> grid_law(const std::filesystem::path& file) {
  test::Scenario s(
      "[mesh]\nkind = \"box\"\nlower = [-1.0]\nupper = [1.0]\ncells = [512]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
      "[[energy]]\nkind = \"external\"\nnetwork = \"" +
          file.string() +
          "\"\n"
          "[initial]\nkind = \"uniform\"\n"
          "[time]\nscheme = \"tr_bdf2\"\nstep = 0.004\nend = 0.4\n[solver]\nrtol = 1e-12\n",
      {}, Comm(MPI_COMM_SELF));
  State state = s.initial();
  s.run(state);
  std::vector<double> p(bins, 0.0);
  for (std::size_t i = 0; i < cells; ++i) {
    p[i * bins / cells] += s.mesh.volume[i] * state.density[i];
  }
  return p;
}

double histogram_error(const Network& network, const std::vector<double>& p, int k,
                       std::int64_t n) {
  auto particles = LangevinParticles::uniform({1, {-1}, {1}, {}}, n, 0, 1);
  particles.advance(k, T / k, [&](auto x, auto slope) { network.gradient(x, slope); });
  std::vector<double> share(bins, 0.0);
  for (const Point& x : particles.positions()) {
    share[std::min(bins - 1, std::size_t((x[0] + 1) / 2 * bins))] += 1 / double(n);
  }
  double error = 0;
  for (std::size_t b = 0; b < bins; ++b) error += std::abs(share[b] - p[b]);
  return error;
}

TEST(Sampler, ItsLawIsTheGridsAsStepsBecomeShort) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto network = landscape();
  const auto file = scratch.path() / "energy.pt";
  std::ofstream(file, std::ios::binary) << network->file();
  const std::vector<double> p = grid_law(file);
  constexpr std::int64_t n = 50000;
  double expected = 0;
  for (const double share : p)
    expected += std::sqrt(2 / std::numbers::pi * share * (1 - share) / n);
  const double rough = histogram_error(*network, p, 8, n),
               half = histogram_error(*network, p, 16, n),
               fine = histogram_error(*network, p, 128, n);
  EXPECT_GT(half, 5 * expected);  // the orders below are of the scheme, not of the noise
  EXPECT_NEAR(std::log2(rough / half), 1, 0.3);
  EXPECT_LT(fine, 2 * expected + half / 8);
}

}  // namespace
}  // namespace otto
