#pragma once
// torch's exceptions, with their pages of foreign text, stay inside the module.

#include <torch/script.h>

#include <exception>
#include <new>
#include <string>

#include "otto/core/error.h"

namespace otto {

/// torch's reason without its traces: what follows the last "Error: ", or the first line.
inline std::string torch_reason(const std::string& what) {
  const std::string mark = "Error: ";
  const auto last = what.rfind(mark);
  const auto begin = last == std::string::npos ? 0 : last + mark.size();
  std::string reason = what.substr(begin, what.find('\n', begin) - begin);
  while (reason.ends_with('.') || reason.ends_with(' ')) reason.pop_back();
  if (reason.find("require grad") != std::string::npos) {
    reason += " (a forward cannot differentiate by itself: Otto takes all derivatives)";
  }
  return reason;
}

/// Runs `work`; what torch throws becomes std::bad_alloc or an InputError with `words` and torch's
/// reason.
template <class Work>
auto translated(const std::string& words, const Work& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    if (std::string(e.what()).find("allocate memory") != std::string::npos) throw std::bad_alloc();
    const std::string reason = torch_reason(e.what());
    throw InputError(reason.empty() ? words : words + "; torch says: " + reason);
  }
}

}  // namespace otto
