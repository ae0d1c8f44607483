#pragma once
// For the few files that call PETSc: its error codes as exceptions, its objects as owners.

#include <petscsys.h>

#include <utility>

namespace otto {

/// InputError where an option the user handed on is one PETSc does not take.
[[noreturn]] void fail_for_petsc(PetscErrorCode code);

/// Turns a PETSc error code into an exception.
inline void check(PetscErrorCode code) {
  if (code != 0) fail_for_petsc(code);
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
