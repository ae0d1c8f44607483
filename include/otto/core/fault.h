#pragma once
// Faults on purpose, so that tests can see what the program does when a disk, a rank or a number
// fails where no test could make it fail from outside. Always compiled in: an unarmed place costs
// one comparison, and places are visited per step, sweep or file, never per cell.
//
//   OTTO_FAULT=place=step,rank=2,kind=error,visit=5 otto run ...
//
// place   a name below; `otto` does nothing at places of another name
// rank    where it happens; default 0
// kind    error (an exception), memory (std::bad_alloc), exit (the process ends without a message),
//         kill (SIGKILL), nan or inf (one value of the field visited), full (writes fail with
//         ENOSPC once `bytes` more bytes have been written to files)
// visit   how many visits of the place to let pass; default 0
// cell    of nan and inf: position of the value on that rank, taken modulo the number of values

#include <cstddef>
#include <span>

namespace otto {

namespace fault {
extern const bool armed;  ///< OTTO_FAULT is set
void visit(const char* place);
void visit(const char* place, std::span<double> values);
std::size_t room(std::size_t wanted);
}  // namespace fault

/// A place where the program may be made to fail. Not collective.
inline void fault_point(const char* place) {
  if (fault::armed) [[unlikely]]
    fault::visit(place);
}
/// A place where a value may be spoiled as well.
inline void fault_point(const char* place, std::span<double> values) {
  if (fault::armed) [[unlikely]]
    fault::visit(place, values);
}
/// How many of the bytes about to be written a disk that is full on purpose still takes: `wanted`
/// unless the fault is `full`; 0 stands for ENOSPC.
inline std::size_t fault_room(std::size_t wanted) {
  return fault::armed ? fault::room(wanted) : wanted;
}

}  // namespace otto
