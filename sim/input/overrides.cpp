#include "sim/input/overrides.h"

#include <fmt/format.h>

#include <optional>

#include "sim/input/document_builder.h"
#include "sim/input/document_editor.h"
#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

bool refuse(Node value, const Path& path, Diagnostics& diagnostics, std::string message) {
  diagnostics.error(value.mark(), path.to_string(), std::move(message));
  return false;
}

std::string shown(const Path& path) { return path.empty() ? "the document" : fmt::format("'{}'", path.to_string()); }

/// One override at `path` below what `prefix` names.
bool merge_at(Document& target, const Path& prefix, Node overrides, Diagnostics& diagnostics) {
  bool good = true;
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const Node key = overrides.key(i);
    const Node value = overrides[i];
    Path tail;
    try {
      // A quoted key of the file may hold a path as well: quotes are YAML's business.
      tail = Path::parse(key.text());
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
      good = set_value(target, path, value, diagnostics) && good;
    }
  }
  return good;
}

}  // namespace

bool set_value(Document& target, const Path& path, Node value, Diagnostics& diagnostics) {
  DocumentEditor editor(target);
  Node at = target.root();
  Path done;
  const auto kind_for = [](const PathStep& step) { return step.is_index ? Node::Kind::Sequence : Node::Kind::Mapping; };
  if (path.empty()) {
    editor.replace(at, value);
    return true;
  }
  for (std::size_t i = 0; i < path.steps().size(); ++i) {
    const PathStep& step = path.steps()[i];
    if (at.is_null()) at = editor.make_container(at, kind_for(step), value);
    if (at.kind() != kind_for(step)) {
      return refuse(
          value, path, diagnostics,
          fmt::format("{} is {}, not {}", shown(done), describe_found(at), step.is_index ? "a list" : "a mapping"));
    }
    const bool last = i + 1 == path.steps().size();
    Node next = step.is_index ? at[step.index] : at[std::string_view(step.key)];
    if (next.exists()) {
      at = last ? editor.replace(next, value) : next;
    } else if (step.is_index) {
      if (step.index > at.size()) {
        return refuse(value, path, diagnostics,
                      fmt::format("index {} is beyond {}, a list of {}", step.index, shown(done), at.size()));
      }
      at = editor.append(at, value);
    } else {
      at = editor.add(at, step.key, value);
    }
    if (!last && !next.exists()) at = editor.make_container(at, kind_for(path.steps()[i + 1]), value);
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
  try {
    path = Path::parse_prefix(text, used);
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
  return set_value(target, path, value.root(), diagnostics);
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
