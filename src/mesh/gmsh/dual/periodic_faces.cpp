#include "periodic_faces.h"

#include <algorithm>
#include <numeric>

#include "../file/geometry.h"
#include "otto/core/error.h"

namespace otto::gmsh {

namespace {

/// One face, on its way to the rank that owns `right`.
struct Record {
  double left = 0, right = 0;  // numbers over all ranks
  double transmissibility = 0, distance = 0, left_share = 0.5;
  Point middle{}, across{};
};
constexpr int width = sizeof(Record) / sizeof(double);

std::vector<Record> send_records(const Comm& comm, const std::vector<std::vector<Record>>& to) {
  std::vector<int> counts, received(to.size()), begin(to.size()), from(to.size());
  std::vector<Record> out;
  for (const auto& records : to) {
    counts.push_back(int(records.size()) * width);
    out.insert(out.end(), records.begin(), records.end());
  }
  MPI_Alltoall(counts.data(), 1, MPI_INT, received.data(), 1, MPI_INT, comm.handle());
  std::exclusive_scan(counts.begin(), counts.end(), begin.begin(), 0);
  std::exclusive_scan(received.begin(), received.end(), from.begin(), 0);
  std::vector<Record> in(std::size_t(from.back() + received.back()) / width);
  MPI_Alltoallv(out.data(), counts.data(), begin.data(), MPI_DOUBLE, in.data(), received.data(),
                from.data(), MPI_DOUBLE, comm.handle());
  return in;
}

}  // namespace

void agree_on_periods(Mesh& mesh, const std::vector<std::int32_t>& owners,
                      const std::vector<std::int32_t>& images) {
  Faces& faces = mesh.faces;
  const auto moved = [&](std::int32_t c) {
    return c >= mesh.owned && images[std::size_t(c - mesh.owned)] > 0;
  };
  const auto across = [&](std::size_t f) {
    return mesh.center[std::size_t(faces.right[f])] - mesh.center[std::size_t(faces.left[f])];
  };
  const auto number = [&](std::int32_t c) { return double(mesh.global[std::size_t(c)]); };
  std::vector<std::vector<Record>> to(std::size_t(mesh.comm.size()));
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const std::int32_t K = faces.left[f], L = faces.right[f];
    if (!moved(L)) continue;
    to[std::size_t(owners[std::size_t(L - mesh.owned)])].push_back(
        {number(K), number(L), faces.transmissibility[f], faces.distance[f],
         faces.left_share.empty() ? 0.5 : faces.left_share[f],
         0.5 * (mesh.center[std::size_t(K)] + mesh.center[std::size_t(L)]), across(f)});
  }
  const std::vector<Record> records = send_records(mesh.comm, to);
  mesh.comm.together([&] {
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const std::int32_t K = faces.left[f], L = faces.right[f];
      if (!moved(K)) continue;
      const Record* best = nullptr;  // two cells may be neighbours across two periods
      for (const Record& r : records) {
        if (r.left != number(K) || r.right != number(L)) continue;
        if (!best || norm(r.across - across(f)) < norm(best->across - across(f))) best = &r;
      }
      if (!best) throw InternalError("mesh: a face across a period is missing on the other side");
      faces.transmissibility[f] = best->transmissibility;
      faces.distance[f] = best->distance;
      if (!faces.left_share.empty()) faces.left_share[f] = best->left_share;
      faces.moved.push_back({std::int32_t(f), best->middle, best->across});
    }
  });
}

}  // namespace otto::gmsh
