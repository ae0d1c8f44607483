#pragma once
#include <string>

namespace otto {

/// Versions of the libraries behind the case file, for `otto info`.
std::string toml_version();
std::string muparser_version();

}  // namespace otto
