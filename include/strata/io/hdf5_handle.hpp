// Objects of libhdf5.
#pragma once

#include <hdf5.h>

namespace strata::detail {

/// Owns an object of libhdf5.
class Hdf5Handle {
 public:
  Hdf5Handle(::hid_t id, ::herr_t (*close)(::hid_t)) : id_(id), close_(close) {}
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator ::hid_t() const { return id_; }

 private:
  ::hid_t id_;
  ::herr_t (*close_)(::hid_t);
};

}  // namespace strata::detail
