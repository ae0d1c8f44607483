#pragma once
// HDF5 identifiers as owners, and HDF5 failures as exceptions.

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace otto {

/// What HDF5 said, in one line. Callers turn it into an IoError or InputError naming the file.
struct H5Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The innermost reason on HDF5's error stack, preferring the operating system's own words.
std::string h5_reason();
/// Stops HDF5 from printing its error stack; failures are reported by exceptions.
void quiet_h5();

template <class Status>
Status check_h5(Status status, const std::string& what) {
  if (status < 0) throw H5Failure(what + ": " + h5_reason());
  return status;
}

/// Owns one HDF5 identifier. Move-only.
class H5Id {
 public:
  using Close = herr_t (*)(hid_t);
  H5Id(hid_t id, Close closer, const std::string& what) : id_(check_h5(id, what)), close_(closer) {}
  H5Id(H5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  H5Id(const H5Id&) = delete;
  H5Id& operator=(const H5Id&) = delete;
  ~H5Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }
  void close(const std::string& what) { check_h5(close_(std::exchange(id_, -1)), what); }

 private:
  hid_t id_;
  Close close_;
};

inline H5Id h5_properties(hid_t kind) { return {H5Pcreate(kind), H5Pclose, "property list"}; }

}  // namespace otto
