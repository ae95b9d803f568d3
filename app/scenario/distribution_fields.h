#pragma once

#include "app/scenario/distribution_spec.h"
#include "sim/input/binder.h"

namespace knetsim {

/// Laws are bound through a mapping of choices, which explain and the schema describe, and checked as laws.
template <>
struct Codec<TimeLaw> {
  static TypeInfo info();
  static bool bind(Node node, TimeLaw& to, Binding& binding);
  static bool within(const TimeLaw&, const FieldOptions&) { return true; }
};

template <>
struct Codec<SizeLaw> {
  static TypeInfo info();
  static bool bind(Node node, SizeLaw& to, Binding& binding);
  static bool within(const SizeLaw&, const FieldOptions&) { return true; }
};

}  // namespace knetsim
