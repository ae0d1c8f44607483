#include "otto/app/prepare.h"

namespace otto {

void prepare_case(const Comm& comm, const Case& c) {
  (void)comm;
  (void)c;
}

}  // namespace otto
