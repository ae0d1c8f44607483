#pragma once
// Sentences a user must see though nothing failed: said where they are known, shown by whoever
// holds the log. A sentence is kept once, however often it is said.

#include <string>
#include <vector>

namespace otto {

/// Keeps a sentence until take_cautions(). Not collective, but every rank must say the same.
void caution(const std::string& sentence);
/// Those kept since the last call, in the order they were said.
std::vector<std::string> take_cautions();

}  // namespace otto
