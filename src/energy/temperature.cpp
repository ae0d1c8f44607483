#include "otto/energy/temperature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/words.h"
#include "otto/mesh/region.h"

namespace otto {

namespace {

std::vector<Section> entropies_of(std::span<const Section> terms) {
  std::vector<Section> entropies;
  std::ranges::copy_if(terms, std::back_inserter(entropies),
                       [](const Section& term) { return term.text("kind") == "entropy"; });
  return entropies;
}

Function read_one(const Section& term, int dimension) {
  const std::string text = term.holds_text("temperature")
                               ? term.text("temperature")
                               : fmt::format("{:.17g}", term.real("temperature"));
  Function kT = read_function(term, "temperature", text, dimension);
  if (kT.constant() && !(kT.value() > 0)) {
    term.fail("temperature", fmt::format("kT is {:.6g}; it must be positive", kT.value()));
  }
  return kT;
}

/// Calls use(label, part) for the regions a cell lies in.
template <class Use>
void for_each_part(const Mesh& mesh, std::size_t cell, const Use& use) {
  if (!mesh.region_fractions) {
    use(mesh.region[cell], 1.0);
    return;
  }
  const RegionFractions& all = *mesh.region_fractions;
  for (auto s = all.begin[cell]; s < all.begin[cell + 1]; ++s) {
    const auto& [label, part] = all.volume_fraction[std::size_t(s)];
    use(label, part);
  }
}

/// Some cell lies in no region that has a temperature.
void check_covered(const Section& first, const Mesh& mesh, const std::vector<bool>& given) {
  mesh.comm.together([&] {
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
      for_each_part(mesh, k, [&](std::int32_t label, double) {
        if (label >= 0 && given[std::size_t(label)]) return;
        first.fail("region",
                   fmt::format("the cell at {} lies in no region that has a temperature; give one "
                               "entropy to each region of the mesh, or one to the whole",
                               to_text(mesh.center[k], mesh.dimension)));
      });
    }
  });
}

std::vector<Function> read_regions(std::span<const Section> entropies, const Mesh& mesh) {
  const std::size_t names = mesh.region_names.size(), labels = names + mesh.region_sets.size();
  std::vector<bool> given(labels, false);
  std::vector<Function> of_label;
  for (const Section& term : entropies) {
    if (!term.given("region")) {
      term.fail("temperature",
                "another entropy belongs to a region; give each of them its region, or have one "
                "for the whole mesh");
    }
    const std::int32_t region = read_region(term, mesh);
    const Function kT = read_one(term, mesh.dimension);
    of_label.resize(labels, kT);
    for (std::size_t label = 0; label < labels; ++label) {
      if (!has_name(std::int32_t(label), region, names, mesh.region_sets)) continue;
      if (given[label]) {
        term.fail("region", fmt::format("cells of the region '{}' have a temperature already",
                                        mesh.region_names[std::size_t(region)]));
      }
      given[label] = true;
      of_label[label] = kT;
    }
  }
  check_covered(entropies.front(), mesh, given);
  return of_label;
}

}  // namespace

bool VaryingTemperature::depends_on_time() const {
  return everywhere.depends_on_time() || std::ranges::any_of(region, &Function::depends_on_time);
}

std::vector<double> VaryingTemperature::at(const Mesh& mesh, std::span<const Point> points,
                                           std::span<const std::int32_t> cells, double t) const {
  struct Part {
    std::size_t point;
    double part;
  };
  std::vector<std::vector<Part>> parts(std::max<std::size_t>(region.size(), 1));
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (region.empty()) {
      parts[0].push_back({i, 1});
    } else {
      for_each_part(mesh, std::size_t(cells[i]), [&](std::int32_t label, double part) {
        parts[std::size_t(label)].push_back({i, part});
      });
    }
  }
  std::vector<double> inverse(points.size(), 0.0), values;
  std::vector<Point> some;
  for (std::size_t label = 0; label < parts.size(); ++label) {
    some.clear();
    for (const Part& p : parts[label]) some.push_back(points[p.point]);
    values.resize(some.size());
    (region.empty() ? everywhere : region[label]).evaluate(some, t, values);
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!std::isfinite(values[i]) || !(values[i] > 0)) {
        throw InputError(
            fmt::format("{}: kT is {} at {} at time {}; it must be finite and positive", place,
                        values[i], to_text(some[i], mesh.dimension), t));
      }
      inverse[parts[label][i].point] += parts[label][i].part / values[i];
    }
  }
  for (double& kT : inverse) kT = 1 / kT;
  return inverse;
}

std::vector<double> VaryingTemperature::of_cells(const Mesh& mesh, double t) const {
  std::vector<double> kT;
  mesh.comm.together([&] {
    std::vector<std::int32_t> cells(std::size_t(mesh.owned));
    std::iota(cells.begin(), cells.end(), 0);
    kT = at(mesh, std::span(mesh.center).first(cells.size()), cells, t);
  });
  kT.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, kT);
  return kT;
}

bool temperature_varies(std::span<const Section> terms) {
  return std::ranges::any_of(entropies_of(terms), [](const Section& term) {
    return term.given("region") || term.holds_text("temperature");
  });
}

std::shared_ptr<const VaryingTemperature> read_temperature(std::span<const Section> terms,
                                                           const Mesh& mesh) {
  if (!temperature_varies(terms)) return nullptr;
  for (const Section& term : terms) {
    const std::string kind = term.text("kind");
    if (kind == "entropy" || kind == "external") continue;
    term.fail("kind",
              "a temperature that varies goes with external energies alone; give the entropy one "
              "temperature for the whole mesh, or remove this term");
  }
  const std::vector<Section> entropies = entropies_of(terms);
  const Section& first = entropies.front();
  const bool regions =
      std::ranges::any_of(entropies, [](const Section& term) { return term.given("region"); });
  if (!regions && entropies.size() > 1) {
    entropies[1].fail("kind", "a second entropy term; add the temperatures and keep one");
  }
  VaryingTemperature kT{.everywhere = read_one(first, mesh.dimension),
                        .place = first.where("temperature") + ": energy.temperature"};
  if (regions) kT.region = read_regions(entropies, mesh);
  const std::vector<double> values = kT.of_cells(mesh, 0);
  ReproducibleSum sum, volume;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    sum += mesh.volume[k] * values[k];
    volume += mesh.volume[k];
  }
  kT.mean = sum_of_all(mesh.comm, sum) / sum_of_all(mesh.comm, volume);
  return std::make_shared<const VaryingTemperature>(std::move(kT));
}

}  // namespace otto
