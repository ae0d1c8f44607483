#pragma once
// torch's exceptions, with their pages of foreign text, stay inside the module.

#include <torch/script.h>

#include <exception>
#include <new>
#include <string>

#include "otto/core/error.h"

namespace otto {

/// Runs `work`; what torch throws becomes std::bad_alloc or an InputError with `words`.
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
    throw InputError(words);
  }
}

}  // namespace otto
