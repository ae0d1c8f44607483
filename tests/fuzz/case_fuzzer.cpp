// libFuzzer on the case reader: any text either is a case, whose resolved form is a case with the
// same values, or an InputError that names the file. The first line may hold a --set word after
// "#!".

#include <cstdlib>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace {

/// Stops the fuzzer where a promise is broken.
void promise(bool kept) {
  if (!kept) std::abort();
}

using Values = std::vector<std::pair<std::string, std::string>>;

Values given(const otto::Case& c) {
  Values values;
  for (const auto& s : c.settled()) {
    if (!s.file) values.emplace_back(s.key, s.value);
  }
  return values;
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(data, data + size);
  std::vector<std::string> settings;
  if (text.starts_with("#!")) settings.push_back(text.substr(2, text.find('\n') - 2));
  try {
    const otto::Case c = otto::parse_case(text, "fuzz.toml", settings);
    const otto::Case again = otto::parse_case(c.resolved(), "fuzz.toml");
    promise(given(c) == given(again));
  } catch (const otto::Error& e) {
    promise(e.status() == otto::ExitStatus::bad_input);
    const std::string what = e.what();
    promise(what.find("fuzz.toml") != std::string::npos || what.starts_with("--set "));
  }
  return 0;
}
