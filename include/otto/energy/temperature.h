#pragma once
// kT of the entropy where it is no number: an expression in x, y, z and t, or one for each region. It
// belongs to the equation
//
//   d_t rho = div(D (grad(kT rho) + rho grad V)),
//
// the limit of large friction 1/D where the heat bath has the temperature kT(x): what is the same on
// both sides of a jump of kT at rest is the pressure kT rho. (van Kampen, "Relative stability in
// nonuniform temperature", 1988.) F = int kT rho log rho + V rho is no Lyapunov functional of it.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/function.h"
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

struct VaryingTemperature {
  Function everywhere;                ///< where no region has its own
  std::vector<Function> region = {};  ///< by label of the mesh's cells; may be empty
  std::string place = {};             ///< where it was written, for messages
  double mean = 0;                    ///< over the volume, at time 0: a scale

  [[nodiscard]] bool depends_on_time() const;
  /// kT at points that belong to owned cells. A cell that reaches into several regions has kT rho in
  /// common, so 1/kT is averaged over them. Throws InputError where it is not finite and positive.
  [[nodiscard]] std::vector<double> at(const Mesh& mesh, std::span<const Point> points,
                                       std::span<const std::int32_t> cells, double t) const;
  /// Of all local cells, at their centres. Collective; throws as above.
  [[nodiscard]] std::vector<double> of_cells(const Mesh& mesh, double t) const;
};

/// The temperature of one of these [[energy]] tables is an expression, or belongs to a region.
bool temperature_varies(std::span<const Section> terms);
/// Of the entropies among them; null where one has a number for the whole mesh, or there is none. Collective;
/// throws InputError where some cell would have none, or two.
std::shared_ptr<const VaryingTemperature> read_temperature(std::span<const Section> terms,
                                                           const Mesh& mesh);

}  // namespace otto
