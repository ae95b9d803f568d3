#include "sim/input/overrides.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "sim/input/document_builder.h"
#include "sim/input/document_editor.h"
#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

std::string shown(const Path& path) { return path.empty() ? "the document" : fmt::format("'{}'", path.to_string()); }

/// Where the steps of a key that is a path stand: within it, as far as it stands in the file as it is read.
std::vector<std::uint64_t> steps_within(Node key, std::vector<std::uint64_t> starts) {
  const DocumentEditor::Place place = DocumentEditor::place_of(key);
  if (place.input == nullptr) return {};
  const std::string_view text = place.input->text();
  const bool plain = place.offset <= text.size() && text.substr(place.offset).starts_with(key.text());
  for (std::uint64_t& start : starts) start = place.offset + (plain ? start : 0);
  return starts;
}

/// One override at `path` below what `prefix` names.
bool merge_at(Document& target, const Path& prefix, Node overrides, Diagnostics& diagnostics) {
  bool good = true;
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const Node key = overrides.key(i);
    const Node value = overrides[i];
    Path tail;
    std::vector<std::uint64_t> starts;
    try {
      // A quoted key of the file may hold a path as well: quotes are YAML's business.
      tail = Path::parse(key.text(), &starts);
    } catch (const PathError& error) {
      diagnostics.error(key, fmt::format("'{}' is no path: {}", key.text(), error.what()));
      good = false;
      continue;
    }
    const Path path = prefix / tail;
    const bool plain = tail.steps().size() == 1;
    if (plain && value.is_mapping() && find(target, path).is_mapping()) {
      good = merge_at(target, path, value, diagnostics) && good;
    } else {
      std::vector<std::uint64_t> steps_at = steps_within(key, std::move(starts));
      // What the prefix names is there.
      if (!steps_at.empty()) steps_at.insert(steps_at.begin(), prefix.steps().size(), steps_at.front());
      good = set_value(target, path, value, diagnostics, steps_at) && good;
    }
  }
  return good;
}

}  // namespace

bool set_value(Document& target, const Path& path, Node value, Diagnostics& diagnostics,
               std::span<const std::uint64_t> steps_at) {
  DocumentEditor editor(target);
  const auto place = [&](std::size_t step) {
    return step < steps_at.size() ? std::optional(steps_at[step]) : std::nullopt;
  };
  const auto refuse = [&](std::size_t step, std::string message) {
    const DocumentEditor::Place of_value = DocumentEditor::place_of(value);
    const bool known = of_value.input != nullptr && step < steps_at.size();
    diagnostics.error(known ? of_value.input->mark(steps_at[step], of_value.document) : value.mark(), path.to_string(),
                      std::move(message));
    return false;
  };
  Node at = target.root();
  Path done;
  const auto kind_for = [](const PathStep& step) { return step.is_index ? Node::Kind::Sequence : Node::Kind::Mapping; };
  if (path.empty()) {
    editor.replace(at, value);
    return true;
  }
  for (std::size_t i = 0; i < path.steps().size(); ++i) {
    const PathStep& step = path.steps()[i];
    if (at.is_null()) at = editor.make_container(at, kind_for(step), value, i == 0 ? std::nullopt : place(i - 1));
    if (at.kind() != kind_for(step)) {
      return refuse(
          i, fmt::format("{} is {}, not {}", shown(done), describe_found(at), step.is_index ? "a list" : "a mapping"));
    }
    const bool last = i + 1 == path.steps().size();
    Node next = step.is_index ? at[step.index] : at[std::string_view(step.key)];
    if (next.exists()) {
      at = last ? editor.replace(next, value, place(i)) : next;
    } else if (step.is_index) {
      if (step.index > at.size()) {
        return refuse(i, fmt::format("index {} is beyond {}, a list of {}", step.index, shown(done), at.size()));
      }
      at = editor.append(at, value);
    } else {
      at = editor.add(at, step.key, value, place(i));
    }
    if (!last && !next.exists()) at = editor.make_container(at, kind_for(path.steps()[i + 1]), value, place(i));
    if (step.is_index) {
      done.push_index(step.index);
    } else {
      done.push_key(step.key);
    }
  }
  return true;
}

bool apply_set(Document& target, InputSet& inputs, std::string_view assignment, Diagnostics& diagnostics,
               SetOptions options) {
  const Input& input = inputs.add_text("--set", assignment);
  const std::string_view text = input.text();
  std::size_t used = 0;
  Path path;
  std::vector<std::uint64_t> steps_at;
  try {
    path = Path::parse_prefix(text, used, &steps_at);
  } catch (const PathError& error) {
    diagnostics.error(input.mark(error.offset()), {}, error.what(), "path=value, as in cluster.proxy.mode=ipvs");
    return false;
  }
  if (used == text.size() || path.empty()) {
    diagnostics.error(input.mark(0), {}, fmt::format("'{}' is not an assignment", text),
                      "path=value, as in cluster.proxy.mode=ipvs");
    return false;
  }
  const std::size_t start = used + 1;
  Document value;
  if (options.as_text) {
    DocumentBuilder builder;
    builder.start(value, input, start, 1, -1);
    builder.scalar(0, static_cast<std::uint32_t>(text.size() - start), 0, true);
    builder.finish();
  } else {
    const std::size_t before = diagnostics.error_count();
    value = read_value(input, start, text.size() - start, diagnostics);
    if (diagnostics.error_count() != before) return false;
  }
  return set_value(target, path, value.root(), diagnostics, steps_at);
}

bool merge(Document& target, Node overrides, Diagnostics& diagnostics) {
  if (overrides.is_null()) return true;
  if (!overrides.is_mapping()) {
    diagnostics.error(overrides, fmt::format("expected a mapping of overrides; found {}", describe_found(overrides)),
                      "{cluster.proxy.mode: ipvs}");
    return false;
  }
  return merge_at(target, {}, overrides, diagnostics);
}

}  // namespace knetsim
