#include "sim/output/hdf5_handle.h"

namespace knetsim {
namespace {

/// Keeps the description of the deepest entry, which names the cause; the ones above it only say who was asked.
herr_t keep_innermost(unsigned depth, const H5E_error2_t* entry, void* text) {
  if (depth == 0 && entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
  return 0;
}

}  // namespace

Hdf5Silence::Hdf5Silence() {
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Silence::~Hdf5Silence() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

Hdf5Handle::Hdf5Handle(hid_t id, Close close, const std::string& what) : id_(id), close_(close) {
  if (id < 0) throw Hdf5Failure(hdf5_failure_text(what));
}

Hdf5Handle& Hdf5Handle::operator=(Hdf5Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = std::exchange(other.id_, -1);
    close_ = other.close_;
  }
  return *this;
}

void Hdf5Handle::reset() noexcept {
  if (id_ >= 0) close_(id_);
  id_ = -1;
}

void check_hdf5(herr_t status, const std::string& what) {
  if (status < 0) throw Hdf5Failure(hdf5_failure_text(what));
}

std::string hdf5_failure_text(const std::string& what) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &keep_innermost, &reason);
  return "cannot " + what + (reason.empty() ? "" : ": " + reason);
}

Hdf5Handle hdf5_text_type() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose, "make a text type");
  check_hdf5(H5Tset_size(type.id(), H5T_VARIABLE), "make a text type");
  check_hdf5(H5Tset_cset(type.id(), H5T_CSET_UTF8), "make a text type");
  return type;
}

}  // namespace knetsim
