#pragma once
// The parts of the extension module, registered by module.cpp.

#include <pybind11/pybind11.h>

#include "otto/app/commands.h"

namespace otto::python {

/// From the dict that package otto makes of a Case (python/otto/case.py).
RunOptions run_options(const pybind11::dict& asked);

void register_commands(pybind11::module_& m);
void register_steps(pybind11::module_& m);  ///< stepped_run.cpp
void register_flows(pybind11::module_& m);  ///< flow.cpp
void register_words(pybind11::module_& m);  ///< words.cpp

}  // namespace otto::python
