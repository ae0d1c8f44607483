#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace otto {

/// JSON of a file that may be hostile. Throws InputError where it is not JSON, is nested deeper than any header is, or names
/// a key twice; `what` it is for the message.
nlohmann::json shallow_json(std::string_view text, const char* what);

}  // namespace otto
