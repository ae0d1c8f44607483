#include "otto/io/h5_handle.h"

namespace otto {

namespace {

herr_t visit(unsigned, const H5E_error2_t* entry, void* text) {
  auto& reason = *static_cast<std::string*>(text);
  const std::string words = entry->desc ? entry->desc : "";
  const std::string mark = "error message = '";
  const auto begin = words.find(mark);
  if (begin != std::string::npos) {
    const auto from = begin + mark.size();
    reason = words.substr(from, words.find('\'', from) - from);
    return 1;  // the walk ends at the innermost error, the cause
  }
  if (reason.empty()) reason = words;
  return 0;
}

}  // namespace

std::string h5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &reason);
  return reason.empty() ? "HDF5 gives no reason" : reason;
}

void quiet_h5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

}  // namespace otto
