// _otto: what package otto (python/otto) stands on.

#include <pybind11/pybind11.h>

#include "calls.h"
#include "commands.h"
#include "host_parts.h"

PYBIND11_MODULE(_otto, m) {
  using namespace otto::python;
  m.doc() = "Otto in the process of Python; use package otto.";
  register_errors();
  register_step_view(m);
  register_commands(m);
  register_steps(m);
  register_flows(m);
  register_words(m);
}
