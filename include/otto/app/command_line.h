#pragma once
// What the user typed.

#include <string>
#include <vector>

#include "otto/app/commands.h"

namespace otto {

struct CommandLine {
  std::string command = {};  ///< "run", ...; empty where only `text` is to be printed
  std::string text = {};     ///< help or version
  RunOptions run = {};       ///< of the commands that take a case
  ConvergeOptions converge = {};
  DistanceOptions distance = {};
  int modes = 6;          ///< of spectrum
  std::string word = {};  ///< of explain
  bool markdown = false;  ///< of schema
};

/// Reads the arguments (without the program's name). Throws InputError with a suggestion.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace otto
