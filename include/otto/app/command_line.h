#pragma once
// What the user typed.

#include <string>
#include <vector>

#include "otto/app/commands.h"
#include "otto/app/report.h"
#include "otto/network/network_module.h"

namespace otto {

struct CommandLine {
  std::string command = {};  ///< "run", ...; empty where only `text` is to be printed
  std::string text = {};     ///< help or version
  RunOptions run = {};       ///< of the commands that take a case
  ConvergeOptions converge = {};
  SweepOptions sweep = {};
  DistanceOptions distance = {};
  SampleRequest sample = {};
  LikelihoodRequest likelihood = {};
  ReportOptions report = {};
  NewOptions fresh = {};                    ///< of new
  std::filesystem::path demo = "out/demo";  ///< -o DIR of demo
  int modes = 6;                            ///< of spectrum
  std::string word = {};                    ///< of explain
  bool markdown = false;                    ///< of schema
  int draft = 2020;                         ///< of schema
  Programs programs = Programs::run;        ///< networks that are TorchScript
};

/// Reads the arguments (without the program's name). Throws InputError with a suggestion.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

/// An option of a command as its help tells of it.
struct OptionHelp {
  std::vector<std::string> names;  ///< "-o", "--output"; none: a word by its place
  std::string value;  ///< what follows: "DIR", "space|time|both", ""; or the word's name
  std::string doc;
};
/// A command.
struct CommandHelp {
  std::string name, doc;
  std::string footer;  ///< "": that of the program
  std::vector<OptionHelp> options;
};
/// The program itself and then its commands, for the manual page and the shell's completion.
std::vector<CommandHelp> describe_program();

}  // namespace otto
