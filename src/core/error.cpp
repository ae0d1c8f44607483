#include "otto/core/error.h"

#include <new>

namespace otto {

Error as_error(const std::exception& e) {
  if (const auto* known = dynamic_cast<const Error*>(&e)) return *known;
  if (dynamic_cast<const std::bad_alloc*>(&e)) {
    return InputError(
        "not enough memory: the case asks for more than this machine gives; use fewer cells, or "
        "more ranks on more machines");
  }
  return InternalError(std::string("internal error: ") + e.what() +
                       "; please report it with the case that shows it");
}

}  // namespace otto
