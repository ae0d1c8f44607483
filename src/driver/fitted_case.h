#pragma once
// fitted.toml: the case with what was found, for `otto run`.

#include <string>

#include "otto/casefile/case.h"
#include "otto/driver/time_options.h"

namespace otto {

struct FittedCase {
  double temperature = 1;
  std::string external;      ///< where V is found, a key of one more [[energy]]; empty: it is known
  bool interaction = false;  ///< W.h5 is
  TimeOptions times;
  std::string scheme, flux;
  double rtol = 1e-12;  ///< of [solver]
};

/// The tables of the case but those of the fit, of time and of its start; with V.h5, start.h5 and the
/// times of the data.
std::string fitted_case(const Case& c, const FittedCase& fitted);

}  // namespace otto
