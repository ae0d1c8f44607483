// The program as a server of command lines, each answered as main.cpp would: starting MPI, PETSc and
// some hundred libraries takes many times as long as most answers. Used by answers.py.
//
//   otto_answers FOLDER
//
// Rank r reads lines of JSON from the pipe FOLDER/r until its end:
//   {"folder": where to work, "words": of the command line, "stdout": file, "stderr": file}
// and writes its exit status as a line into the pipe FOLDER/reply.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "otto/app/commands.h"
#include "otto/app/last_resort.h"
#include "otto/core/caution.h"
#include "otto/core/comm.h"
#include "otto/core/petsc.h"
#include "otto/driver/run_folder.h"

namespace {

void send(int descriptor, const std::string& file) {
  const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (to < 0 || dup2(to, descriptor) < 0) throw std::runtime_error(file);
  close(to);
}

int answer(std::vector<std::string> words, const otto::LastResort& last_resort) {
  words.insert(words.begin(), "otto");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  (void)otto::take_cautions();
  otto::restart_program_clock();
  const otto::PetscCalls calls;  // withdraws the options of PETSc
  try {
    return otto::run_program(int(arguments.size()), arguments.data());
  } catch (const std::exception& e) {
    return last_resort.report(e);
  }
}

}  // namespace

int main(int, char** argv) {
  const otto::PetscSession session;
  const otto::LastResort last_resort;
  const std::string folder = argv[1];
  std::ifstream commands(folder + "/" + std::to_string(otto::Comm().rank()));
  std::ofstream reply(folder + "/reply");
  for (std::string line; std::getline(commands, line);) {
    const auto command = nlohmann::json::parse(line);
    std::filesystem::current_path(command["folder"].get<std::string>());
    send(STDOUT_FILENO, command["stdout"]);
    send(STDERR_FILENO, command["stderr"]);
    const int status = answer(command["words"], last_resort);
    std::fflush(nullptr);
    reply << std::to_string(status) + "\n" << std::flush;
  }
}
