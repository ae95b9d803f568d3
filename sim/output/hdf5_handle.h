#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace knetsim {

/// An HDF5 call that failed: what was tried and the innermost reason that the library gives. Stays inside sim/output:
/// the public functions turn it into an OutputError with the file's name.
class Hdf5Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Keeps the library from printing its error stack while one of these lives. The setting belongs to the thread.
class Hdf5Silence {
 public:
  Hdf5Silence();
  ~Hdf5Silence();
  Hdf5Silence(const Hdf5Silence&) = delete;
  Hdf5Silence& operator=(const Hdf5Silence&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Owns one identifier of the library: a file, group, dataset, attribute, type, data space or property list.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Hdf5Handle() = default;
  /// @param what  Completes "cannot ..." in the error message.
  /// @throws Hdf5Failure  `id` is negative: the call that gave it failed.
  Hdf5Handle(hid_t id, Close close, const std::string& what);
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept;
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;

  hid_t id() const { return id_; }
  void reset() noexcept;

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// @throws Hdf5Failure  `status` is negative.
void check_hdf5(herr_t status, const std::string& what);

/// "cannot <what>: <innermost reason on the library's error stack>".
std::string hdf5_failure_text(const std::string& what);

/// Variable-length UTF-8 text: the only kind of string that netCDF's readers take without loss.
Hdf5Handle hdf5_text_type();

}  // namespace knetsim
