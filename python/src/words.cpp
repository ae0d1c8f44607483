// Commands that take no case, by the words of the command line: what they refuse, and how, is the program's.

#include <pybind11/stl.h>

#include "calls.h"
#include "commands.h"
#include "otto/app/command_line.h"
#include "otto/network/network_module.h"

namespace otto::python {

namespace {

/// Of programs, during one call.
class Treatment {
 public:
  explicit Treatment(Programs how) : before_(treatment_of_programs()) { treat_programs(how); }
  ~Treatment() { treat_programs(before_); }
  Treatment(const Treatment&) = delete;
  Treatment& operator=(const Treatment&) = delete;

 private:
  Programs before_;
};

/// `otto sample ...` and `otto likelihood ...`.
void words(std::intptr_t handle, const std::vector<std::string>& given) {
  const Comm comm = comm_of(handle);
  called(comm, [&] {
    CommandLine line;
    comm.together([&] { line = parse_command_line(given); });
    const Treatment asked(line.programs == Programs::run ? treatment_of_programs() : line.programs);
    return line.command == "sample" ? sample_command(line.sample)
                                    : likelihood_command(line.likelihood);
  });
}

}  // namespace

void register_words(pybind11::module_& m) {
  m.def("words", words);
  m.def("treat_programs", [](const std::string& how) {
    treat_programs(how == "refuse"    ? Programs::refuse
                   : how == "sandbox" ? Programs::confine
                                      : Programs::run);
  });
}

}  // namespace otto::python
