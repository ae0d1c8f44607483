// fuzz_TARGET RUNS SEED FOLDER...: the target on RUNS mutations, drawn from SEED, of the files in the folders. What
// libFuzzer does with guidance and sanitizers (scripts/fuzz), here without both, in any build: a guard, not a search.
// An input that breaks a promise or takes more than ten seconds is left in the working folder as found_TARGET.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace {

std::string input, found;

extern "C" void keep_input(int signal) {
  const int out = open(found.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out >= 0 && write(out, input.data(), input.size()) >= 0) close(out);
  _exit(signal == SIGALRM ? 2 : 1);
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  void mutate(std::string& text, const std::string& other) {
    static constexpr std::array<std::string_view, 10> words = {
        "-1", "0", "1e400", "nan", "99999999999999999999", "\n", "[", "\"", "-0.0", "4294967295"};
    const std::size_t at = below(text.size()), length = below(std::min<std::size_t>(text.size() - at, 64) + 1);
    switch (below(6)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ 1 << below(8));
        break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(below(256));
        break;
      case 2: text.erase(at, length); break;
      case 3: text.insert(at, text.substr(at, length)); break;
      case 4: text.replace(at, length, words[below(words.size())]); break;
      default: text.replace(at, length, other, below(other.size()), length);
    }
  }

 private:
  std::mt19937_64 random_;
};

std::vector<std::string> contents(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s RUNS SEED FOLDER...\n", argv[0]);
    return 2;
  }
  const unsigned long runs = std::strtoul(argv[1], nullptr, 10);
  Mutator mutator(std::strtoull(argv[2], nullptr, 10));
  const std::vector<std::string> corpus = contents({argv + 3, argv + argc});
  if (corpus.empty() || runs == 0) {
    std::fprintf(stderr, "no files in the folders, or no runs\n");
    return 2;
  }
  found = "found_" + std::filesystem::path(argv[0]).filename().string();
  for (unsigned long run = 0; run < runs; ++run) {
    input = corpus[mutator.below(corpus.size())];
    for (std::size_t n = 1 + mutator.below(4); n > 0; --n) mutator.mutate(input, corpus[mutator.below(corpus.size())]);
    // anew for each: the first input starts PETSc, which has handlers of its own
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGALRM}) std::signal(signal, keep_input);
    alarm(10);
    LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(input.data()), input.size());
  }
  alarm(0);
  std::printf("%lu inputs of %zu files\n", runs, corpus.size());
}
