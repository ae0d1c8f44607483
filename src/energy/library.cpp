// The registry of named external energies. Entries arrive while static objects are built.

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/energy/free_energy.h"

namespace otto {

namespace {

std::vector<LibraryEntry>& registry() {
  static std::vector<LibraryEntry> entries;
  return entries;
}

/// "[-3, 4] x [-2, 14]", or "[-4, 4]^d" where all axes are alike.
std::string box_words(const LibraryEntry& entry) {
  const auto side = [&](std::size_t a) {
    return fmt::format("[{}, {}]", entry.lower[a], entry.upper[a]);
  };
  std::string words = side(0);
  bool alike = true;
  for (std::size_t a = 1; a < entry.lower.size(); ++a) {
    words += " x " + side(a);
    alike = alike && side(a) == side(0);
  }
  if (!alike) return words;
  const bool any = entry.min_dimension < entry.max_dimension;
  return side(0) + "^" + (any ? std::string("d") : std::to_string(entry.max_dimension));
}

}  // namespace

RegisterExternal::RegisterExternal(LibraryEntry entry) {
  Declare({}, {},
          {{"energy.library", entry.name,
            fmt::format("{} Customary box {}.", entry.doc, box_words(entry)), entry.equation}});
  auto& entries = registry();
  const auto place = std::ranges::lower_bound(entries, entry.name, {}, &LibraryEntry::name);
  entries.insert(place, std::move(entry));
}

const std::vector<LibraryEntry>& external_library() { return registry(); }

}  // namespace otto
