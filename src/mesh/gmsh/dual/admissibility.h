#pragma once
// Whether a mesh carries consistent two-point fluxes, and where it fails worst.

#include "../file/crossing.h"
#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// The fault that a message of Admissibility::judge names, without the file and the advice.
std::string fault_in(const std::string& message, const std::string& file);

class Admissibility {
 public:
  Admissibility(const Comm& comm, const Part& part) : comm_(comm), part_(part) {}

  /// One face: what lies on either side of it, how far it is from plane, and where it is.
  void see(const Crossing& c, double warp, const PartCell& K, const PartCell& L, const Point& at);

  /// The figures of all ranks together. Throws the same InputError on all where the line between
  /// two centres is not orthogonal to their face, or runs against it. Collective.
  MeshQuality judge(const Mesh& mesh) const;

 private:
  struct Worst {
    double value = 0;
    std::int64_t elements[2] = {0, 0};
    Point at{};
    std::int64_t bad = 0;  ///< faces beyond the limit
  };
  void refuse_angle() const;
  void refuse_distance() const;
  [[nodiscard]] std::string where(const Worst& w) const;

  Comm comm_;
  const Part& part_;
  Worst angle_{.value = 0}, distance_{.value = 1e300};
  std::int64_t faces_ = 0;
};

}  // namespace otto::gmsh
