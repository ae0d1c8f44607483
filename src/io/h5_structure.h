#pragma once
// The bytes of an HDF5 file that are not the values of datasets.

#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "otto/io/h5_writer.h"

namespace otto {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  operator int() const { return number_; }
  /// 0 or -1 and errno.
  int close() {
    const int number = std::exchange(number_, -1);
    return number < 0 ? 0 : ::close(number);
  }

 private:
  int number_;
};

struct H5Structure {
  Descriptor memory;                  ///< the whole file, with holes where values go
  std::int64_t size = 0;              ///< bytes
  std::vector<std::int64_t> offsets;  ///< where the values of each dataset begin
};

/// Builds the structure of a planned file, `rows[i]` being all rows of dataset i. HDF5 works in
/// memory (an anonymous file with holes, so that only the structure takes room): it never meets a
/// disk that refuses, which it survives neither alone (H5Fclose leaves the file open and crashes
/// at the end of the program) nor in parallel (H5Fclose waits for ever); seen with HDF5 1.10.8.
/// Throws H5Failure or Error.
H5Structure build_structure(const H5Plan& plan, const std::vector<std::int64_t>& rows);

}  // namespace otto
