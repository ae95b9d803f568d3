#include "app/scenario/apply_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/input/document_editor.h"
#include "sim/input/emit.h"
#include "sim/input/overrides.h"
#include "sim/input/path.h"

namespace knetsim {
namespace {

bool starts_with(const Path& path, const Path& head) {
  return path.steps().size() >= head.steps().size() &&
         std::equal(head.steps().begin(), head.steps().end(), path.steps().begin());
}

Path below(Path path, std::string_view key) {
  path.push_key(key);
  return path;
}

/// Puts one assignment into the overrides of one variant.
class Overruler {
 public:
  /// @param set  What was set; stands in the document already.
  Overruler(Document& scenario, const Path& set, Diagnostics& diagnostics)
      : scenario_(scenario), set_(set), diagnostics_(diagnostics) {}

  /// @return  Whether the variant said something else.
  bool apply(const Path& variant) {
    changed_ = false;
    walk(variant, {}, false);
    return changed_;
  }

 private:
  /// @param overrides  Where the overrides stand. @param of  What they override.
  /// @param as_texts   Their keys are no paths: those of patches.
  void walk(const Path& overrides, const Path& of, bool as_texts) {
    std::vector<std::string> outdone;
    for (std::size_t i = 0; i < find(scenario_, overrides).size(); ++i) {
      const std::string key(find(scenario_, overrides).key(i).text());
      Path tail;
      if (as_texts) {
        tail.push_key(key);
      } else {
        try {
          tail = Path::parse(key);
        } catch (const PathError&) {
          continue;  // told when the variant is made
        }
      }
      if (entry(below(overrides, key), of / tail, tail.steps().size() == 1) == Entry::Outdone) outdone.push_back(key);
    }
    if (!outdone.empty()) take_away(overrides, outdone);
  }

  enum class Entry : std::uint8_t { Stays, Outdone };

  Entry entry(const Path& at, const Path& of, bool plain) {
    if (of == set_) {
      replace(at, find(scenario_, of));
    } else if (starts_with(of, set_)) {
      // The assignment took the place of all that stood there, so what it leaves out is not the variant's to add.
      const Node given = find(scenario_, of);
      if (given.exists() && to_json(find(scenario_, at)) == to_json(given)) return Entry::Stays;
      changed_ = true;
      return Entry::Outdone;
    } else if (starts_with(set_, of)) {
      const bool patches = of.steps().front() == PathStep{.key = "patches"};
      // As merge() has it: a mapping under a plain key joins what stands there, everything else takes its place.
      if (plain && find(scenario_, at).is_mapping() && (patches || find(scenario_, of).is_mapping())) {
        walk(at, of, patches);
      } else {
        const Path rest({set_.steps().begin() + static_cast<std::ptrdiff_t>(of.steps().size()), set_.steps().end()});
        const Document given(scenario_);
        set_value(scenario_, at / rest, find(given, set_), diagnostics_);
        changed_ = true;
      }
    }
    return Entry::Stays;
  }

  void replace(const Path& at, Node given) {
    const Node old = find(scenario_, at);
    if (to_json(old) == to_json(given)) return;
    DocumentEditor(scenario_).replace(old, given);
    changed_ = true;
  }

  void take_away(const Path& overrides, const std::vector<std::string>& keys) {
    const Node all = find(scenario_, overrides);
    Document kept;
    DocumentEditor editor(kept);
    editor.make_container(kept.root(), Node::Kind::Mapping, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Node key = all.key(i);
      if (std::ranges::find(keys, key.text()) != keys.end()) continue;
      editor.add(kept.root(), key.text(), all[i], DocumentEditor::place_of(key).offset);
    }
    const std::uint64_t key_at = DocumentEditor::place_of(all.key()).offset;
    DocumentEditor(scenario_).replace(all, kept.root(), key_at);
  }

  Document& scenario_;
  const Path& set_;
  Diagnostics& diagnostics_;
  bool changed_ = false;
};

}  // namespace

bool apply_sets(Document& scenario, std::span<const std::string> sets, InputSet& inputs, Diagnostics& diagnostics) {
  bool good = true;
  for (const std::string& assignment : sets) {
    if (!apply_set(scenario, inputs, assignment, diagnostics)) {
      good = false;
      continue;
    }
    std::size_t used = 0;
    const Path path = Path::parse_prefix(assignment, used);
    if (path.steps().front() == PathStep{.key = "variants"}) continue;
    Overruler overruler(scenario, path, diagnostics);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < scenario["variants"].size(); ++i) {
      const std::string name(scenario["variants"].key(i).text());
      if (overruler.apply(Path({{.key = "variants"}, {.key = name}}))) names.push_back(name);
    }
    if (names.empty()) continue;
    diagnostics.notice(find(scenario, path),
                       fmt::format("'{}' is set for every variant, in place of what {} say{} of it", path.to_string(),
                                   fmt::join(names, ", "), names.size() == 1 ? "s" : ""),
                       fmt::format("variants.{}[...] sets one variant's alone", names.front()));
  }
  return good;
}

}  // namespace knetsim
