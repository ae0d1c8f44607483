#include "otto/mesh/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace otto {

namespace {

/// Counts and measures by name, the nameless last. What has several names counts for each.
struct Sizes {
  std::vector<double> count, size;
  const LabelSets& sets;
  Sizes(std::size_t names, const LabelSets& of)
      : count(names + 1, 0.0), size(names + 1, 0.0), sets(of) {}
  void add(std::int32_t label, double measure) {
    const auto put = [&](std::size_t at) {
      count[at] += 1;
      size[at] += measure;
    };
    if (label < 0) return put(count.size() - 1);
    for_each_name(label, count.size() - 1, sets,
                  [&](std::int32_t name) { put(std::size_t(name)); });
  }
  [[nodiscard]] std::string words(const Comm& comm, const std::vector<std::string>& names,
                                  const char* of) {
    comm.sum_in_place(count);
    comm.sum_in_place(size);
    std::string text;
    for (std::size_t i = 0; i < count.size(); ++i) {
      const bool nameless = i == names.size();
      if (nameless && count[i] == 0) continue;
      text += fmt::format("{}{} {} {} of size {:.8g}", text.empty() ? "" : ", ",
                          nameless ? "(no name)" : names[i], count[i], of, size[i]);
    }
    return text;
  }
};

/// Of two neighbours' centres, over the size of their face.
double min_distance(const Mesh& mesh) {
  double min = INFINITY;
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const double d = mesh.faces.distance[f], area = mesh.faces.transmissibility[f] * d;
    min = std::min(min, d / (mesh.dimension == 2 ? area : std::sqrt(area)));
  }
  return min;
}

void add_remarks(const Mesh& mesh, std::vector<std::pair<std::string, std::string>>& lines) {
  for (const std::string& words : mesh.remarks) lines.emplace_back("chosen", words);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> inspect(const Mesh& mesh) {
  std::vector<std::pair<std::string, std::string>> lines;
  double volume = 0;
  Sizes regions(mesh.region_names.size(), mesh.region_sets),
      sides(mesh.boundary_names.size(), mesh.boundary_sets);
  for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
    volume += mesh.volume[c];
    if (mesh.region_fractions) {
      for (auto s = mesh.region_fractions->begin[c]; s < mesh.region_fractions->begin[c + 1]; ++s) {
        const auto& [label, fraction] = mesh.region_fractions->volume_fraction[std::size_t(s)];
        regions.add(label, fraction * mesh.volume[c]);
      }
    } else if (!mesh.region.empty()) {
      regions.add(mesh.region[c], mesh.volume[c]);
    }
  }
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    sides.add(mesh.boundary.tag[f], mesh.boundary.area[f]);
  }
  lines.emplace_back("cells", fmt::format("{} in {} dimensions, volume {:.12g}", mesh.global_cells,
                                          mesh.dimension, mesh.comm.sum(volume)));
  if (const auto text = regions.words(mesh.comm, mesh.region_names, "cells"); !text.empty()) {
    lines.emplace_back("regions", text);
  }
  if (const auto text = sides.words(mesh.comm, mesh.boundary_names, "faces"); !text.empty()) {
    lines.emplace_back("sides", text);
  }
  if (mesh.simplices) {
    const auto count = mesh.comm.sum(std::int64_t(mesh.simplices->size()));
    lines.emplace_back("gradient", fmt::format("from {} simplices; nothing is asked of their "
                                               "angles",
                                               count));
    add_remarks(mesh, lines);
    return lines;
  }
  const MeshQuality& q = mesh.quality;
  std::string centres =
      fmt::format("lines between them lean by {:.2g} degrees at most", q.worst_angle);
  if (mesh.dimension > 1) {
    centres += fmt::format("; the nearest two are {:.3g} of their face's size apart",
                           mesh.comm.min(min_distance(mesh)));
  }
  lines.emplace_back("centres", centres);
  if (q.joined + q.outside > 0) {
    lines.emplace_back("", fmt::format("{} cells joined with another of the same circumcircle, {} "
                                       "centres outside the mesh",
                                       q.joined, q.outside));
  }
  add_remarks(mesh, lines);
  return lines;
}

}  // namespace otto
