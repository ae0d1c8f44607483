#include "expression_energy.h"

#include <optional>

#include "otto/core/error.h"

namespace otto {

Expression read_expression(const Section& section, const std::string& key, const std::string& text,
                           int dimension) {
  std::optional<Expression> expression;
  try {
    expression.emplace(text);
  } catch (const InputError& e) {
    section.fail(key, e.what());
  }
  check_axes(section, key, *expression, dimension);
  return *std::move(expression);
}

}  // namespace otto
