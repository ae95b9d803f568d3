#pragma once

#include "models/cluster/selector.h"
#include "sim/input/binder.h"

namespace knetsim {

/// A selector as a member of a config: a LabelSelector, an equality map, or the command line's text form.
template <>
struct Codec<Selector> {
  static TypeInfo info();
  static bool bind(Node node, Selector& to, Binding& binding);
  static bool within(const Selector&, const FieldOptions&) { return true; }
};

}  // namespace knetsim
