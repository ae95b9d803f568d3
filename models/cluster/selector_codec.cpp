#include "models/cluster/selector_codec.h"

namespace knetsim {

TypeInfo Codec<Selector>::info() {
  return {.kind = TypeInfo::Kind::Any,
          .name = "label selector",
          .accepted = "app=web,tier in (a,b), or {app: web}, or {matchLabels: ..., matchExpressions: ...}"};
}

bool Codec<Selector>::bind(Node node, Selector& to, Binding& binding) {
  const std::size_t before = binding.diagnostics.error_count();
  to = Selector::from_any(node, binding.diagnostics);
  if (node.is_scalar()) note_origin(node, binding);
  return binding.diagnostics.error_count() == before;
}

}  // namespace knetsim
