#pragma once
// What is wrong with a file that a case names is told with the place where it names it.

#include <string>
#include <string_view>

#include "otto/casefile/section.h"
#include "otto/core/error.h"

namespace otto {

/// Runs `work`; an error of input it throws, alone or on all ranks together, gets the place of the key in front, unless it begins with a
/// place of the case already.
template <class Work>
auto at_key(const Section& section, std::string_view key, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.status() != ExitStatus::bad_input) throw;
    const std::string text = error.what(), place = section.where(key);
    if (text.starts_with(place.substr(0, place.find(':')))) throw;
    throw Error(error.status(), place + ": " + text, error.agreed());
  }
}

}  // namespace otto
