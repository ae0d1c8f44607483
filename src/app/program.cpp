// From the command line to its command.

#include <cerrno>
#include <cstdio>

#include "otto/app/command_line.h"
#include "otto/app/commands.h"
#include "otto/casefile/describe.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/network/network_module.h"

namespace otto {

namespace {

MPI_Comm chosen = MPI_COMM_WORLD;

}  // namespace

Comm command_comm() { return Comm(chosen); }

void set_command_comm(MPI_Comm comm) { chosen = comm; }

Case case_of(const Comm& comm, const RunOptions& options, std::span<const std::string> settings) {
  if (!options.text) return read_case(comm, options.case_file, settings);
  std::optional<Case> c;
  comm.together([&] { c = parse_case(*options.text, options.case_file, settings); });
  return *c;
}

void print_once(const std::string& text) {
  const Comm world = command_comm();
  world.together([&] {
    if (!world.is_root()) return;
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0) {
      if (errno == EPIPE) return;  // the reader has seen enough
      throw IoError("standard output takes no more text; is the disk full?");
    }
  });
}

std::filesystem::path output_folder(const RunOptions& options) {
  if (!options.output.empty()) return options.output;
  const auto file = std::filesystem::absolute(options.case_file).lexically_normal();
  const auto folder = file.parent_path().filename();
  const bool anonymous = file.filename() == "case.toml" && !folder.empty();
  return std::filesystem::path("out") / (anonymous ? folder : file.stem());
}

int schema_command(bool markdown, int draft) {
  print_once(markdown ? reference_page() : draft == 4 ? schema_text_of_draft_4() : schema_text());
  return 0;
}

int explain_command(const std::string& word) {
  print_once(explain(word));
  return 0;
}

int run_program(int argc, char** argv) {
  const CommandLine line = parse_command_line({argv + 1, argv + argc});
  treat_programs(line.programs);
  if (line.command == "run") return run_command(line.run);
  if (line.command == "train") return train_command(line.run);
  if (line.command == "fit") return fit_command(line.run);
  if (line.command == "check") return check_command(line.run);
  if (line.command == "converge") return converge_command(line.run, line.converge);
  if (line.command == "sweep") return sweep_command(line.run, line.sweep);
  if (line.command == "spectrum") return spectrum_command(line.run, line.modes);
  if (line.command == "distance") return distance_command(line.distance);
  if (line.command == "sample") return sample_command(line.sample);
  if (line.command == "likelihood") return likelihood_command(line.likelihood);
  if (line.command == "report") return report_command(line.report);
  if (line.command == "schema") return schema_command(line.markdown, line.draft);
  if (line.command == "explain") return explain_command(line.word);
  if (line.command == "new") return new_command(line.fresh);
  if (line.command == "demo") return demo_command(line.demo);
  if (line.command == "info") return info_command();
  print_once(line.text);
  return 0;
}

}  // namespace otto
