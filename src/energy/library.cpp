// The registry of named external energies. Entries arrive while static objects are built.

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/energy/free_energy.h"

namespace otto {

namespace {

std::vector<LibraryEntry>& registry() {
  static std::vector<LibraryEntry> entries;
  return entries;
}

}  // namespace

RegisterExternal::RegisterExternal(LibraryEntry entry) {
  Declare({}, {}, {{"energy.library", entry.name, entry.doc, entry.equation}});
  auto& entries = registry();
  const auto place = std::ranges::lower_bound(entries, entry.name, {}, &LibraryEntry::name);
  entries.insert(place, std::move(entry));
}

const std::vector<LibraryEntry>& external_library() { return registry(); }

}  // namespace otto
