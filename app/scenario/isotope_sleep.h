#pragma once

#include "app/scenario/distribution_fields.h"

namespace knetsim {

/// A pause of a script in isotope's format: "10ms", or its law by level of load,
/// {SleepCommand: [{Load: {Min, Max}, Type: static, Data: {time: 10ms}}]}, as a mapping or as a text of JSON. Type is
/// one of
///
///     static  {time: 10ms}                                      numbers are milliseconds
///     dist    {name: lognormal, Dist: {Mu: 1, Sigma: 0.5}}      of milliseconds; exp, lognormal, gamma and pareto
///     histogram  {5ms: 70, 20ms: 30}                            percent, 100 together
///     raw     {list: [1200000, 900000]}                         nanoseconds, each as likely
///
/// The kind of the law is constant, exponential, lognormal, gamma, pareto, histogram or raw. Pauses do not depend on load
/// here: the law of the lowest level is taken, with a notice where there are several.
/// @source istio/tools isotope/convert/pkg/graph/script/sleep_command.go
struct IsotopeSleep : TimeLaw {};

template <>
struct Codec<IsotopeSleep> {
  static TypeInfo info() { return Codec<TimeLaw>::info(); }
  static bool bind(Node node, IsotopeSleep& to, Binding& binding);
  static bool within(const IsotopeSleep&, const FieldOptions&) { return true; }
};

}  // namespace knetsim
