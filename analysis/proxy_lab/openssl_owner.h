#pragma once

#include <memory>

namespace knetsim::lab {

/// Frees what OpenSSL made by its own function.
template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreedBy<Free>>;

}  // namespace knetsim::lab
