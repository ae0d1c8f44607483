// otto(1), written for the macros of man(7): .SH a section, .SS one within it, .TP an indented
// paragraph with a tag, .B bold, .I italic.

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "otto/app/command_line.h"
#include "otto/app/pages.h"
#include "otto/casefile/describe.h"
#include "otto/core/error.h"
#include "otto/version.h"

namespace otto {

namespace {

/// Text as troff prints it unchanged.
std::string plain(std::string_view text) {
  std::string out;
  bool begins = true;  // of a line, where '.' and ''' would be requests
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", plain(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", plain(text)); }

std::string section(std::string_view title) { return fmt::format(".SH {}\n", title); }

/// An indented paragraph below its tag.
std::string tagged(const std::string& tag, std::string_view text) {
  const bool stopped = text.ends_with('.') || text.ends_with('?');
  return fmt::format(".TP\n{}\n{}{}\n", tag, plain(text), stopped ? "" : ".");
}

std::string tag_of(const OptionHelp& option) {
  if (option.names.empty()) return italic(option.value);
  std::string tag;
  for (const auto& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  return option.value.empty() ? tag : tag + " " + italic(option.value);
}

/// The options of a command but for --help, which all have and the program's own section tells.
std::string options_of(const CommandHelp& command) {
  std::string text;
  for (const OptionHelp& option : command.options) {
    const bool help = !option.names.empty() && option.names.back() == "--help";
    if (!help || command.name == "otto") text += tagged(tag_of(option), option.doc);
  }
  return text;
}

std::string synopsis(const CommandHelp& command) {
  std::string line = bold("otto " + command.name);
  for (const OptionHelp& option : command.options) {
    if (option.names.empty()) line += fmt::format(" {}", italic(option.value));
  }
  line += fmt::format(" [{}]", italic("OPTIONS"));
  if (!command.footer.empty()) line += fmt::format(" [{} {}]", bold("--"), italic("PETSC-OPTIONS"));
  return line;
}

const char* meaning(ExitStatus status) {
  switch (status) {
    case ExitStatus::done:
      return "The command did what it was asked";
    case ExitStatus::bad_input:
      return "The command line, the case or a file it names is wrong; the message says where";
    case ExitStatus::numerical:
      return "A linear solve, a step or an iteration failed";
    case ExitStatus::io:
      return "A file could not be written or read back";
    case ExitStatus::internal:
      return "A defect of Otto itself";
    case ExitStatus::stopped:
      return "Stopped on request (a signal, the wall time) with a checkpoint; the same command "
             "with "
             "--resume auto goes on";
  }
  return "";
}

std::string exit_statuses() {
  std::string text = section("EXIT STATUS");
  for (const auto status : {ExitStatus::done, ExitStatus::bad_input, ExitStatus::numerical,
                            ExitStatus::io, ExitStatus::internal, ExitStatus::stopped}) {
    text += tagged(bold(std::to_string(static_cast<int>(status))), meaning(status));
  }
  return text;
}

using Pair = std::pair<const char*, const char*>;

/// What commands leave in the folder of --output.
constexpr std::array files{
    Pair{"case.resolved.toml", "The case with every key written out, defaults marked"},
    Pair{"history.csv", "One line per accepted step, or per iteration of a training or a fit"},
    Pair{"summary.json", "What came of it: state at the end, costs, versions, warnings"},
    Pair{"log.txt", "What the screen showed"},
    Pair{"final.h5", "The density at the end, in an order that does not depend on the ranks"},
    Pair{"fields/density.hdf.series", "The density at the output times, for ParaView"},
    Pair{"checkpoints/ck-NNNNNN.h5",
         "What --resume goes on from, each with its seal in a file .json"},
    Pair{"energy.pt", "The network that otto train found (TorchScript)"},
    Pair{"energy.safetensors", "The same as numbers without code"},
    Pair{
        "V.h5",
        "The external energy that otto fit found, with its error bars; usable in [[energy]] table"},
    Pair{"fitted.toml", "What otto fit found as a case for otto run"},
    Pair{"convergence.csv", "Errors and orders of otto converge; also as .md, .tex and .svg"},
    Pair{"spectrum.csv", "Rates of otto spectrum; their modes are in modes.h5"}};

constexpr std::array environment{
    Pair{"OMP_NUM_THREADS", "Set it to 1 where every core has a rank of its own"},
    Pair{"OMPI_ALLOW_RUN_AS_ROOT, OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
         "Open MPI's mpirun asks for both to be 1 before it runs for root, as in a container"}};

constexpr std::array examples{
    Pair{"otto check case.toml --set time.step=0.1", "Is the case sound, with that step?"},
    Pair{"mpirun -n 4 otto run case.toml -o out", "A run on four ranks"},
    Pair{"otto run case.toml -o out --resume auto", "Go on where it stopped"},
    Pair{"otto run case.toml -- -ksp_rtol 1e-12 -ksp_monitor", "PETSc options for linear solves"},
    Pair{"otto explain time.scheme", "What a key means and which values it takes"}};

template <std::size_t N>
std::string list(const char* title, const std::array<Pair, N>& pairs) {
  std::string text = section(title);
  for (const auto& [name, doc] : pairs) text += tagged(bold(name), doc);
  return text;
}

std::string tables() {
  std::string text = section("CASE FILE") +
                     plain(
                         "A TOML file of these tables; 'otto explain WORD' tells about a table, a "
                         "key or a choice.") +
                     "\n";
  for (const Table& table : declared_tables()) text += tagged(bold(header_of(table)), table.doc);
  return text;
}

}  // namespace

std::string man_page() {
  const std::vector<CommandHelp> help = describe_program();
  const CommandHelp& program = help.front();
  const std::span commands = std::span(help).subspan(1);
  std::string text = fmt::format(".TH OTTO 1 \"\" \"Otto {}\" \"User Commands\"\n", version);
  text += section("NAME") + "otto \\- Wasserstein gradient flows of free energies\n";
  text += section("SYNOPSIS");
  for (const CommandHelp& command : commands) text += synopsis(command) + "\n.br\n";
  text += section("DESCRIPTION") + plain(program.doc) + "\n" + plain(program.footer) + "\n";
  text += section("OPTIONS") + options_of(program);
  text += section("COMMANDS");
  for (const CommandHelp& command : commands) {
    text +=
        fmt::format(".SS {}\n{}.\n", synopsis(command), plain(command.doc)) + options_of(command);
    if (!command.footer.empty()) text += fmt::format(".PP\n{}.\n", plain(command.footer));
  }
  text += tables() + exit_statuses() + list("FILES", files) + list("ENVIRONMENT", environment);
  return text + list("EXAMPLES", examples) + section("SEE ALSO") + "\\fBmpirun\\fR(1)\n";
}

}  // namespace otto
