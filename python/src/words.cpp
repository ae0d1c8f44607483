// Commands that take no case, by the words of the command line: what they refuse, and how, is the program's.

#include <pybind11/stl.h>

#include "calls.h"
#include "commands.h"
#include "otto/app/command_line.h"

namespace otto::python {

namespace {

/// `otto sample ...` and `otto likelihood ...`.
void words(std::intptr_t handle, const std::vector<std::string>& given) {
  const Comm comm = comm_of(handle);
  called(comm, [&] {
    CommandLine line;
    comm.together([&] { line = parse_command_line(given); });
    treat_programs(line.programs);
    return line.command == "sample" ? sample_command(line.sample)
                                    : likelihood_command(line.likelihood);
  });
}

}  // namespace

void register_words(pybind11::module_& m) { m.def("words", words); }

}  // namespace otto::python
