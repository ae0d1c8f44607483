// otto_pages DIR: writes the manual page and the completion for bash into a folder. Run by the build
// (cmake/pages.cmake); starts no MPI.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "otto/app/pages.h"

namespace {

bool write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text;
  stream.close();
  if (!stream) std::fprintf(stderr, "otto_pages: %s cannot be written\n", file.c_str());
  return bool(stream);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: otto_pages DIR\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const bool written = write(folder / "otto.1", otto::man_page()) &&
                       write(folder / "otto.bash", otto::bash_completion());
  return written ? 0 : 4;
}
