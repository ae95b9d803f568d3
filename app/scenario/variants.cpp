#include "app/scenario/variants.h"

#include <fmt/format.h>

#include "app/scenario/apply_sets.h"
#include "sim/input/document_editor.h"
#include "sim/input/overrides.h"
#include "sim/input/path.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

std::uint64_t offset_of(Node key) { return DocumentEditor::place_of(key).offset; }

/// Adds the entries of `from` to the mapping under `key`, or replaces those that are there; their keys are texts, not
/// paths.
void lay_entries(Document& target, Node parent_key, Node from) {
  DocumentEditor editor(target);
  const std::string_view key = parent_key.text();
  if (target[key].is_null()) {
    if (target[key].exists()) {
      editor.replace(target[key], from, offset_of(parent_key));
    } else {
      editor.add(target.root(), key, from, offset_of(parent_key));
    }
    return;
  }
  if (!target[key].is_mapping()) return;  // told by the binder
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Node known = target[key][from.key(i).text()];
    if (!known.exists()) {
      editor.add(target[key], from.key(i).text(), from[i], offset_of(from.key(i)));
    } else if (known.is_mapping() && from[i].is_mapping()) {
      for (std::size_t j = 0; j < from[i].size(); ++j) {
        const std::string_view path = from[i].key(j).text();
        const Node patched = target[key][from.key(i).text()];
        if (const Node old = patched[path]; old.exists()) {
          editor.replace(old, from[i][j], offset_of(from[i].key(j)));
        } else {
          editor.add(patched, path, from[i][j], offset_of(from[i].key(j)));
        }
      }
    } else {
      editor.replace(known, from[i], offset_of(from.key(i)));
    }
  }
}

/// Why a variant cannot state this key; empty where it can.
std::string_view kept_for_all(std::string_view group, std::string_view key) {
  if (group == "variants") return "a variant cannot have variants of its own";
  if (group == "apiVersion" || group == "kind") return "it says what the file is, not what a variant simulates";
  if (group == "metadata") return "the results have one name";
  if (group == "run" && key == "seed") return "variants are compared on the same random numbers";
  if (group == "run" && key == "replicates") return "variants are compared replicate by replicate";
  if (group == "run" && key == "spans") return "the same requests are kept in each";
  return {};
}

/// Errors for keys that are read once for all variants.
/// @param group  The key above them, none at the top.
/// @return  Whether there was one at the top: such an entry is not laid over the scenario.
bool refuse_kept_for_all(Node key, Node value, std::string_view group, Diagnostics& diagnostics) {
  Path path;
  try {
    path = Path::parse(key.text());
  } catch (const PathError&) {
    return false;  // merge() tells it
  }
  const auto step = [&](std::size_t i) {
    return i < path.steps().size() ? std::string_view(path.steps()[i].key) : std::string_view();
  };
  const std::string_view first = group.empty() ? step(0) : group;
  const std::string_view second = group.empty() ? step(1) : step(0);
  if (const std::string_view why = kept_for_all(first, second); !why.empty()) {
    diagnostics.error(key,
                      first == "variants"
                          ? std::string(why)
                          : fmt::format("'{}' is the whole experiment's: {}",
                                        second.empty() ? std::string(first) : fmt::format("{}.{}", first, second), why),
                      first == "variants" ? "" : "the key beside 'variants'");
    return true;
  }
  if (!second.empty() || !value.is_mapping()) return false;
  for (std::size_t i = 0; i < value.size(); ++i) refuse_kept_for_all(value.key(i), value[i], first, diagnostics);
  return false;
}

Document with_overrides(const Document& scenario, Node overrides, Diagnostics& diagnostics) {
  Document result = scenario;
  if (overrides.is_null()) return result;
  if (!overrides.is_mapping()) {
    diagnostics.error(overrides, fmt::format("expected a mapping of overrides; found {}", describe_found(overrides)),
                      "{cluster.proxy.mode: ipvs}");
    return result;
  }
  Document others;
  DocumentEditor editor(others);
  editor.make_container(others.root(), Node::Kind::Mapping, overrides);
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const Node key = overrides.key(i);
    if (refuse_kept_for_all(key, overrides[i], {}, diagnostics)) continue;
    if (key.text() != "patches" || !overrides[i].is_mapping()) {
      editor.add(others.root(), key.text(), overrides[i], offset_of(key));
    }
  }
  merge(result, others.root(), diagnostics);
  const Node patches = overrides["patches"];
  if (patches.is_mapping()) lay_entries(result, patches.key(), patches);
  return result;
}

}  // namespace

std::vector<Variant> variants_of(const Document& scenario, Diagnostics& diagnostics) {
  const Node variants = scenario["variants"];
  std::vector<Variant> result;
  if (variants.is_mapping()) {
    for (std::size_t i = 0; i < variants.size(); ++i) {
      result.push_back({std::string(variants.key(i).text()),
                        std::make_shared<const Document>(with_overrides(scenario, variants[i], diagnostics))});
    }
  }
  if (result.empty()) result.push_back({"base", std::make_shared<const Document>(scenario)});
  return result;
}

std::vector<Variant> variants_of(Document scenario, std::span<const std::string> sets, InputSet& inputs,
                                 Diagnostics& diagnostics) {
  apply_sets(scenario, sets, inputs, diagnostics);
  return variants_of(scenario, diagnostics);
}

}  // namespace knetsim
