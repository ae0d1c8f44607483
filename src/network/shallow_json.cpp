#include "shallow_json.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "otto/core/error.h"

namespace otto {

nlohmann::json shallow_json(std::string_view text, const char* what) {
  using Json = nlohmann::json;
  constexpr int max_depth = 8;  // a header has three levels, a list of layers three
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > max_depth) throw InputError(fmt::format("has a {} nested too deeply", what));
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys.back().insert(parsed.get<std::string>()).second) {
      throw InputError(
          fmt::format("has a {} that names '{}' twice", what, parsed.get<std::string>()));
    }
    return true;
  };
  Json json = Json::parse(text, watch, false);
  if (json.is_discarded()) throw InputError(fmt::format("has a {} that is not JSON", what));
  return json;
}

}  // namespace otto
