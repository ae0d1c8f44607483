#include "otto/infer/likelihood.h"

#include <algorithm>
#include <cmath>

namespace otto {

Misfit misfit(double rho, double data, const LikelihoodOptions& o) {
  const double share = 1 - o.background, floor = o.background / o.volume;
  const double d = share * data + floor, r = share * rho + floor;
  const double at = std::max(r, floor), past = r - at;
  const double q =
      (at == r ? share * (rho - data) : at - d) / d;  // rho~ / d~ - 1, without cancellation
  const double slope = q * d / at, curvature = d / (at * at);
  return {.value = d * (q - std::log1p(q)) + slope * past + 0.5 * curvature * past * past,
          .slope = share * (slope + curvature * past),
          .weight = share * share * (o.counts ? 1 / at : std::max(1 / at, curvature))};
}

}  // namespace otto
