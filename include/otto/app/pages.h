#pragma once
// Pages for the reader and the shell, made of the commands' own help (command_line.h) and of the
// declared keys (casefile/key.h), so that they say what the program does.

#include <string>

namespace otto {

/// The manual page otto(1): troff with the macros of man(7).
std::string man_page();

/// Completion of commands, options and their values, case files and keys, for bash.
std::string bash_completion();

}  // namespace otto
