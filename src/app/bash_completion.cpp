// Completion for bash: `case` tables of what is declared, and a fixed function that asks them. It needs
// bash alone, not the package bash-completion, and never starts the program.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string>
#include <vector>

#include "otto/app/command_line.h"
#include "otto/app/pages.h"
#include "otto/casefile/key.h"

namespace otto {

namespace {

/// One line of a `case` table; "" without values.
std::string row(const std::string& pattern, const std::string& words) {
  return words.empty() ? "" : fmt::format("    '{}') echo '{}' ;;\n", pattern, words);
}

std::string table(const char* name, const std::string& rows) {
  return fmt::format("_otto_{}() {{\n  case $1 in\n{}  esac\n}}\n\n", name, rows);
}

std::string options(const std::vector<CommandHelp>& help) {
  std::string rows;
  for (const CommandHelp& command : help) {
    std::vector<std::string> names;
    for (const OptionHelp& option : command.options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
    rows += row(command.name, fmt::format("{}", fmt::join(names, " ")));
  }
  return table("options", rows);
}

/// "run --set" -> "KEY=VALUE"; "run" -> "CASE.toml", the words by their place.
std::string values(const std::vector<CommandHelp>& help) {
  std::string rows;
  for (const CommandHelp& command : help) {
    std::string words;
    for (const OptionHelp& option : command.options) {
      for (const auto& name : option.names) rows += row(command.name + " " + name, option.value);
      if (option.names.empty()) words += (words.empty() ? "" : " ") + option.value;
    }
    rows += row(command.name, words);
  }
  return table("values", rows);
}

std::string keys() {
  std::string words;
  for (const Key& key : declared_keys()) words += (words.empty() ? "" : " ") + key.path;
  return fmt::format("_otto_keys='{}'\n", words);
}

std::string key_values() {
  std::string rows;
  for (const Key& key : declared_keys()) {
    std::string words = key.type == Type::flag ? "true false" : "";
    for (const Choice& choice : declared_choices()) {
      if (choice.path == key.path && !choice.later)
        words += (words.empty() ? "" : " ") + choice.value;
    }
    rows += row(key.path, words);
  }
  return table("key_values", rows);
}

/// What `otto explain` knows.
std::string explained() {
  std::set<std::string> words;
  for (const Table& t : declared_tables()) words.insert(t.path);
  for (const Key& key : declared_keys()) words.insert(key.path);
  for (const Choice& choice : declared_choices()) words.insert(choice.value);
  return fmt::format("_otto_words='{}'\n", fmt::join(words, " "));
}

constexpr const char* functions = R"sh(
# Files that end in $1, and folders on the way to them. The shell quotes blanks in them.
_otto_files() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -f -X "!*$1" -- "$current"; compgen -d -- "$current"))
  compopt -o filenames 2>/dev/null
}

_otto_key_value() {
  if [[ $current == *=* ]]; then
    local key=${current%%=*}
    COMPREPLY=($(compgen -P "$key=" -W "$(_otto_key_values "${key/\[*\]/}")" -- "${current#*=}"))
  else
    COMPREPLY=($(compgen -S = -W "$_otto_keys" -- "$current"))
    compopt -o nospace 2>/dev/null
  fi
}

# Replies for a word of the kind $1, which is what stands for it in the command's help.
_otto_kind() {
  case $1 in
    *.toml) _otto_files .toml ;;
    *.h5) _otto_files .h5 ;;
    DIR) _otto_files / ;;
    *FILE)
      local words=${1%FILE}
      _otto_files ""
      COMPREPLY+=($(compgen -W "${words//|/ }" -- "$current"))
      ;;
    KEY=VALUE) _otto_key_value ;;
    KEY) COMPREPLY=($(compgen -W "$_otto_keys" -- "$current")) ;;
    WORD) COMPREPLY=($(compgen -W "$_otto_words" -- "$current")) ;;
    *'|'*) COMPREPLY=($(compgen -W "${1//|/ }" -- "$current")) ;;
  esac
}

# Words are what the shell has cut at '=' put together again.
_otto() {
  local -a words=()
  local i joined=
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((${#words[@]} > 1)) && [[ ${COMP_WORDS[i]} == =* || $joined ]]; then
      words[-1]+=${COMP_WORDS[i]}
      [[ ${COMP_WORDS[i]} == = ]] && joined=1 || joined=
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  local current=${words[-1]} previous=${words[-2]} command=${words[1]} place=0 value
  COMPREPLY=()
  if ((${#words[@]} == 2)); then
    COMPREPLY=($(compgen -W "$_otto_commands $(_otto_options otto)" -- "$current"))
    return
  fi
  value=$(_otto_values "$command $previous")
  if [[ $value ]]; then
    _otto_kind "$value"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(_otto_options "$command")" -- "$current"))
  else
    for ((i = 2; i < ${#words[@]} - 1; i++)); do
      [[ ${words[i]} == -- ]] && return  # options of PETSc
      [[ ${words[i]} != -* && ! $(_otto_values "$command ${words[i - 1]}") ]] && ((place++))
    done
    local -a kinds=($(_otto_values "$command"))
    _otto_kind "${kinds[place]}"
  fi
  # The shell replaces what follows the last '=' only.
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*=}"}"}")
  fi
}
complete -F _otto otto
)sh";

}  // namespace

std::string bash_completion() {
  const std::vector<CommandHelp> help = describe_program();
  std::vector<std::string> names;
  for (const CommandHelp& command : help) {
    if (command.name != "otto") names.push_back(command.name);
  }
  return "# bash completion for otto: written by its build from the commands' own help.\n\n" +
         fmt::format("_otto_commands='{}'\n", fmt::join(names, " ")) + keys() + explained() + "\n" +
         options(help) + values(help) + key_values() + (functions + 1);
}

}  // namespace otto
