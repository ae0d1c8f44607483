#pragma once
// Python functions and arrays as parts of a case (driver/host.h).
//
// From package otto, which has checked and wrapped them (python/otto/_parts.py):
//
//   V          None, an array (n), or a function of (points (m, d), t) giving an array (m)
//   V_varies   V depends on t
//   rho0       None, an array (n), or a function of points giving an array
//   callback   None, or a function of a StepView; False asks to stop

#include <pybind11/pybind11.h>

#include <memory>

#include "cells.h"
#include "otto/driver/host.h"

namespace otto::python {

/// What a callback is told after a step.
struct StepView {
  StepRecord record;
  std::vector<double> owned;           ///< this rank's cells
  std::shared_ptr<const Cells> cells;  ///< of its mesh
  std::vector<double> whole;           ///< empty on one rank, until it is asked for
};

/// Null where there are none.
std::shared_ptr<const Host> host_of(const py::dict& parts);
void register_step_view(py::module_& m);
/// The row of history.csv as a dict.
py::dict row_of(const StepRecord& record);

}  // namespace otto::python
