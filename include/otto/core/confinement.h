#pragma once
// A process that works on what may be hostile gives up what it does not need.

#include <cstdint>

namespace otto {

struct ConfinementLimits {
  double cpu_seconds = 0;          ///< of processor time; 0: as before
  std::uint64_t memory_bytes = 0;  ///< of addresses beyond those in use; 0: as before
};

/// For a child after fork, never undone: no file can be made, changed or removed, no connection opened, no process
/// started or signalled, no core left; what is asked for nevertheless fails with EPERM. Files can still be read and
/// descriptors that are open written to: close those it should not have. False where the kernel offers no filter of
/// system calls (seccomp; Linux on x86-64 and arm64 has it); the limits hold then all the same.
bool confine(const ConfinementLimits& limits);

/// Closes every descriptor but this one; the standard streams lead nowhere.
void close_descriptors_but(int kept);

}  // namespace otto
