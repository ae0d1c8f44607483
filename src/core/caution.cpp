#include "otto/core/caution.h"

#include <algorithm>
#include <utility>

namespace otto {

namespace {

std::vector<std::string> kept;

}  // namespace

void caution(const std::string& sentence) {
  if (std::ranges::find(kept, sentence) == kept.end()) kept.push_back(sentence);
}

std::vector<std::string> take_cautions() { return std::exchange(kept, {}); }

}  // namespace otto
