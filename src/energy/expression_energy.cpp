#include "expression_energy.h"

#include "otto/core/error.h"

namespace otto {

Expression read_expression(const Section& section, const std::string& key,
                           const std::string& text) {
  try {
    return Expression(text);
  } catch (const InputError& e) {
    section.fail(key, e.what());
  }
}

}  // namespace otto
