#pragma once
// Ways to tell a density from a reference, by name.
//
//   l1, l2, linf   sum vol |e|,  (sum vol e^2)^1/2,  max |e|        e = rho - r
//   kl             sum vol (r log(r/rho) - r + rho)                 relative entropy of the reference
//   reverse_kl     the same with rho and r exchanged
//   w2             the Wasserstein distance (wasserstein.h)
//   energy         |F(rho) - F(r)|

#include <span>
#include <string>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

/// L1 and L2 norms of the error of cell averages, and its largest value; not relative. kl and
/// reverse_kl: the relative entropies sum vol (r log(r/s) - r + s) of exact against density and of
/// density against exact; infinite where s vanishes and r does not.
struct ErrorNorms {
  double l1 = 0;          ///< sum vol |e|
  double l2 = 0;          ///< (sum vol e^2)^1/2
  double linf = 0;        ///< max |e|
  double kl = 0;          ///< of exact against density
  double reverse_kl = 0;  ///< of density against exact
};
/// Of density against exact, over all cells. `density`, `exact`: owned values. Collective.
ErrorNorms error_norms(const Mesh& mesh, std::span<const double> density,
                       std::span<const double> exact);

/// All names, the first three always computed.
const std::vector<std::string>& norm_names();

/// Norms of the cell averages `density` against `reference` (owned values), in the order of
/// `names`; nan, and a sentence in `remark`, for a w2 that is not to be had. `generator` gives mesh
/// and F. Collective.
std::vector<double> norms(const std::vector<std::string>& names, const Generator& generator,
                          std::span<const double> density, std::span<const double> reference,
                          std::string& remark);

}  // namespace otto
