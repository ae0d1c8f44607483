#include "otto/driver/network_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/network/network_use.h"

namespace otto {

namespace {

bool inside(const TrainingBox& box, const Point& x, int dimension) {
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    if (x[a] < box.lower[a] || x[a] > box.upper[a]) return false;
  }
  return true;
}

double mass_outside(const TrainingBox& box, const Mesh& mesh, std::span<const double> density) {
  double mass = 0;
  for (std::size_t i = 0; i < density.size(); ++i) {
    if (!inside(box, mesh.center[i], mesh.dimension)) mass += mesh.volume[i] * density[i];
  }
  return mesh.comm.sum(mass);
}

}  // namespace

std::vector<std::string> NetworkReport::warnings(double mass) const {
  std::vector<std::string> words;
  for (const File& file : files) {
    if (!file.mass_outside || !(*file.mass_outside > 1e-3 * mass)) continue;
    words.push_back(
        fmt::format("{:.2g} of the mass is outside the box that {} was trained in; the network "
                    "extrapolates there",
                    *file.mass_outside / mass, file.name));
  }
  return words;
}

std::optional<NetworkReport> report_networks(const FreeEnergy& energy, const Mesh& mesh,
                                             std::span<const double> density) {
  if (energy.networks().empty()) return std::nullopt;
  NetworkReport report;
  double seconds = 0;
  for (const auto& use : energy.networks()) {
    const NetworkFunction& network = use->network();
    NetworkReport::File file{.name = use->file().string(),
                             .hash = use->hash(),
                             .program = network.program(),
                             .parameters = network.parameters(),
                             .single_precision = network.single_precision(),
                             .mass_outside = std::nullopt};
    if (const auto box = network.box(); box && use->external()) {
      file.mass_outside = mass_outside(*box, mesh, density);
      report.mass_outside = std::max(report.mass_outside.value_or(0), *file.mass_outside);
    }
    report.files.push_back(std::move(file));
    seconds += use->seconds();
  }
  report.seconds = mesh.comm.max(seconds);
  return report;
}

}  // namespace otto
