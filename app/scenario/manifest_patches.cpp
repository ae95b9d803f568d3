#include "app/scenario/manifest_patches.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/input/overrides.h"
#include "sim/input/scalar.h"

namespace knetsim {

namespace {

std::string_view namespace_of(const Document& object) {
  const Node stated = object["metadata"]["namespace"];
  return stated.text().empty() ? "default" : stated.text();
}

}  // namespace

ManifestPatches::ManifestPatches(std::span<const std::pair<std::string, Node>> patches, Diagnostics& diagnostics)
    : diagnostics_(diagnostics) {
  for (const auto& [key, values] : patches) {
    if (values.is_null()) continue;
    const std::size_t first = key.find('/');
    const std::size_t last = key.rfind('/');
    const bool good =
        first != std::string::npos && first > 0 && last + 1 < key.size() && (first == last || first + 1 < last);
    if (!good) {
      diagnostics_.error(values.key(), fmt::format("'{}' does not say which object to patch", key),
                         "Kind/name or Kind/namespace/name, as in Deployment/frontend");
    } else if (!values.is_mapping()) {
      diagnostics_.error(values,
                         fmt::format("expected a mapping of paths and values; found {}", describe_found(values)),
                         "{spec.template.spec.hostNetwork: true}");
    } else {
      patches_.push_back({.kind = key.substr(0, first),
                          .ns = first == last ? std::string() : key.substr(first + 1, last - first - 1),
                          .name = key.substr(last + 1),
                          .values = values});
    }
  }
}

bool ManifestPatches::is_for(const Patch& patch, const Document& object) {
  return object["kind"].text() == patch.kind && object["metadata"]["name"].text() == patch.name &&
         (patch.ns.empty() || namespace_of(object) == patch.ns);
}

bool ManifestPatches::concerns(const Document& object) {
  const std::string_view kind = object["kind"].text();
  const std::string_view name = object["metadata"]["name"].text();
  seen_.push_back(fmt::format("{}/{}", kind, name));
  seen_.push_back(fmt::format("{}/{}/{}", kind, namespace_of(object), name));
  return std::any_of(patches_.begin(), patches_.end(), [&](const Patch& patch) { return is_for(patch, object); });
}

void ManifestPatches::apply(Document& object) {
  for (Patch& patch : patches_) {
    if (!is_for(patch, object)) continue;
    patch.used = true;
    merge(object, patch.values, diagnostics_);
  }
}

void ManifestPatches::finish() {
  for (const Patch& patch : patches_) {
    if (patch.used) continue;
    const std::string_view key = patch.values.key().text();
    diagnostics_.error(patch.values.key(), fmt::format("no manifest has '{}'{}", key, suggest(key, seen_)));
  }
}

}  // namespace knetsim
