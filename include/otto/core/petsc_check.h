#pragma once
// For the few files that call PETSc: its error codes as exceptions, its objects as owners.

#include <petscsys.h>

#include <new>
#include <string>
#include <utility>

#include "otto/core/error.h"

namespace otto {

/// Turns a PETSc error code into an exception.
inline void check(PetscErrorCode code) {
  if (code == 0) return;
  if (code == PETSC_ERR_MEM) throw std::bad_alloc();
  const char* text = nullptr;
  char* specific = nullptr;
  PetscErrorMessage(code, &text, &specific);
  throw InternalError("PETSc: " + std::string(text ? text : "error ") + std::to_string(code) +
                      (specific && *specific ? std::string(": ") + specific : ""));
}

/// Owns one PETSc object. Move-only; destroys it with `Destroy`.
template <class T, PetscErrorCode (*Destroy)(T*)>
class PetscOwner {
 public:
  PetscOwner() = default;
  PetscOwner(PetscOwner&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PetscOwner& operator=(PetscOwner&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  PetscOwner(const PetscOwner&) = delete;
  PetscOwner& operator=(const PetscOwner&) = delete;
  ~PetscOwner() {
    if (object_) Destroy(&object_);
  }
  operator T() const { return object_; }
  /// For creation calls; destroys what was held.
  T* out() {
    if (object_) Destroy(&object_);
    object_ = nullptr;
    return &object_;
  }
  /// For calls that change the object in place.
  T* address() { return &object_; }

 private:
  T object_ = nullptr;
};

}  // namespace otto
