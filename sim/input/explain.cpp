#include "sim/input/explain.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim {
namespace {

Explanation of_field(const FieldInfo& field, Path path) {
  const TypeInfo& type = field.type();
  Explanation result;
  path.push_key(field.name);
  result.path = path.to_string();
  result.type = type.name;
  result.doc = field.options.doc;
  result.accepted = type.accepted;
  result.range = range_text(field.options);
  result.unit = field.options.unit;
  result.source = field.options.source;
  result.default_text = field.default_text;
  result.required = field.presence == FieldInfo::Presence::Required;
  result.choice = field.presence == FieldInfo::Presence::Choice;
  result.values = field.options.allowed.empty() ? type.values : field.options.allowed;
  return result;
}

void add_children(Explanation& explanation, const StructInfo& info, const Path& path) {
  if (explanation.doc.empty()) explanation.doc = info.doc;
  explanation.shorthands = info.shorthands;
  for (const FieldInfo& field : info.fields) explanation.children.push_back(of_field(field, path));
}

/// Goes through lists and free keys, which add to the path.
const TypeInfo& innermost(const TypeInfo& type, Path& path) {
  const TypeInfo* at = &type;
  while (at->element != nullptr) {
    if (at->kind == TypeInfo::Kind::List) path.push_index(0);
    if (at->kind == TypeInfo::Kind::Map) path.push_key("<name>");
    at = &at->element();
  }
  return *at;
}

void collect(const StructInfo& info, const Path& path, std::vector<const StructInfo*>& open,
             std::vector<Explanation>& all) {
  if (std::find(open.begin(), open.end(), &info) != open.end()) return;
  open.push_back(&info);
  for (const FieldInfo& field : info.fields) {
    all.push_back(of_field(field, path));
    Path below = path;
    below.push_key(field.name);
    const TypeInfo& type = innermost(field.type(), below);
    if (type.structure != nullptr) collect(type.structure(), below, open, all);
  }
  open.pop_back();
}

/// Text in lines of at most `width` columns, each indented; a hanging text's first line is not.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width, bool hanging = false) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > 0 && indent + column + 1 + end > width) {
      out += '\n';
      column = 0;
    }
    out += column > 0 ? " " : hanging && out.empty() ? "" : std::string(indent, ' ');
    column += (column == 0 ? 0 : 1) + end;
    out += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '\n';
}

std::string first_sentence(std::string_view doc) {
  const std::size_t stop = doc.find(". ");
  return std::string(doc.substr(0, stop == std::string_view::npos ? doc.size() : stop + 1));
}

std::string presence(const Explanation& e) {
  if (e.required) return "required";
  if (e.choice) return "one of the choices";
  return e.default_text ? fmt::format("default {}", e.default_text->empty() ? "\"\"" : *e.default_text) : "optional";
}

/// The list that may stand in the place of a mapping; null where there is none.
const FieldInfo* list_alone(const StructInfo* info) {
  if (info == nullptr) return nullptr;
  for (const std::string& name : info->shorthands) {
    if (const FieldInfo* field = info->find(name); field->type().kind == TypeInfo::Kind::List) return field;
  }
  return nullptr;
}

}  // namespace

namespace {

/// Of a path with every free key in place.
Explanation explain_full(const StructInfo& root, const Path& path) {
  const StructInfo* info = &root;
  const TypeInfo* type = nullptr;  // of what `done` names; null at the root
  const FieldInfo* field = nullptr;
  Path done;
  Path before_field;
  for (const PathStep& step : path.steps()) {
    if (step.is_index) {
      // What stands alone in a mapping's place may be a list: calls[0][1] is calls[0].concurrent[1].
      if (const FieldInfo* alone = list_alone(info); alone != nullptr) {
        before_field = done;
        field = alone;
        type = &alone->type();
        done.push_key(alone->name);
      }
      if (type == nullptr || type->kind != TypeInfo::Kind::List) {
        throw ValueError(fmt::format("'{}' is no list", done.to_string()));
      }
      type = &type->element();
      done.push_index(step.index);
    } else {
      while (type != nullptr && type->kind == TypeInfo::Kind::List) {
        type = &type->element();
        done.push_index(0);
        info = type->structure != nullptr ? &type->structure() : nullptr;
      }
      if (type != nullptr && type->kind == TypeInfo::Kind::Map) {
        type = &type->element();
        done.push_key(step.key);
      } else {
        if (info == nullptr) throw ValueError(fmt::format("'{}' has no keys: it is {}", done.to_string(), type->name));
        field = info->find(step.key);
        if (field == nullptr) {
          const std::vector<std::string> keys = info->keys();
          throw ValueError(
              fmt::format("unknown key '{}'{}{}", step.key,
                          done.empty() ? "" : fmt::format(" in '{}'", done.to_string()), suggest(step.key, keys)),
              fmt::format("{}", fmt::join(keys, ", ")));
        }
        before_field = done;
        type = &field->type();
        done.push_key(step.key);
      }
    }
    info = type->structure != nullptr ? &type->structure() : nullptr;
  }
  Explanation result;
  if (field != nullptr) {
    result = of_field(*field, before_field);
    if (type != &field->type()) {  // an item or a named entry of the field: the field's doc, its own type
      result.type = type->name;
      result.required = false;
      result.default_text.reset();
      if (type->structure != nullptr && !type->structure().doc.empty()) result.doc = type->structure().doc;
    }
  } else {
    result.type = "mapping";
  }
  result.path = done.to_string();
  Path below = done;
  const TypeInfo* inner = type == nullptr ? nullptr : &innermost(*type, below);
  if (inner == nullptr) {
    add_children(result, root, below);
  } else if (inner->structure != nullptr) {
    add_children(result, inner->structure(), below);
  } else if (result.values.empty()) {
    result.values = inner->values;
  }
  return result;
}

/// The path with "<name>" at `step`, in front of what stands there.
Path named_at(const Path& path, std::size_t step) {
  std::vector<PathStep> steps = path.steps();
  steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(step), PathStep{.key = "<name>"});
  return Path(std::move(steps));
}

/// The steps of the path that would be free keys and are also keys of what a free key names.
std::vector<std::size_t> left_out_names(const StructInfo& root, const Path& path) {
  std::vector<std::size_t> found;
  const StructInfo* info = &root;
  for (std::size_t i = 0; i < path.steps().size() && info != nullptr; ++i) {
    if (path.steps()[i].is_index) continue;
    const FieldInfo* field = info->find(path.steps()[i].key);
    if (field == nullptr) break;
    const TypeInfo* type = &field->type();
    while (type->element != nullptr) {
      const bool map = type->kind == TypeInfo::Kind::Map;
      type = &type->element();
      if (!map || ++i >= path.steps().size()) continue;
      if (type->structure != nullptr && type->structure().find(path.steps()[i].key) != nullptr) {
        found.push_back(i);
        --i;
      }
    }
    info = type->structure != nullptr ? &type->structure() : nullptr;
  }
  return found;
}

}  // namespace

Explanation explain(const StructInfo& root, const Path& path) {
  Path whole = path;
  std::size_t added = 0;
  for (const std::size_t step : left_out_names(root, path)) whole = named_at(whole, step + added++);
  if (added > 0) {
    try {
      return explain_full(root, whole);
    } catch (const ValueError&) {  // then it is a name: workloads.to.timeout of a workload "to"
    }
  }
  return explain_full(root, path);
}

std::vector<Explanation> explain_all(const StructInfo& root) {
  std::vector<Explanation> all;
  std::vector<const StructInfo*> open;
  collect(root, {}, open, all);
  return all;
}

std::string render(const Explanation& e, std::size_t width) {
  std::string out = fmt::format("{}: {}", e.path.empty() ? "(the whole file)" : e.path, e.type);
  if (!e.unit.empty()) out += fmt::format(", in {}", e.unit);
  if (!e.path.empty()) out += fmt::format(" ({})", presence(e));
  out += '\n';
  if (!e.doc.empty()) out += wrapped(e.doc, 2, width);
  if (!e.accepted.empty() && e.values.empty()) out += wrapped("Accepted: " + e.accepted + ".", 2, width);
  if (!e.range.empty()) out += fmt::format("  Range: {}\n", e.range);
  if (!e.source.empty()) out += wrapped("Source of the default: " + e.source + ".", 2, width);
  for (const std::string& key : e.shorthands) out += fmt::format("  Its '{}' may stand alone in its place.\n", key);
  std::size_t column = 0;
  for (const EnumValue& value : e.values) column = std::max(column, value.name.size());
  for (const EnumValue& value : e.values) {
    out += fmt::format("  {:<{}}  {}", value.name, column, wrapped(value.doc, column + 4, width, true));
  }
  if (e.children.empty()) return out;
  std::size_t names = 0;
  std::size_t types = 0;
  const auto name_of_child = [](const Explanation& child) { return Path::parse(child.path).steps().back().key; };
  for (const Explanation& child : e.children) {
    names = std::max(names, name_of_child(child).size());
    types = std::max(types, child.type.size() + presence(child).size() + 2);
  }
  out += "Keys:\n";
  for (const Explanation& child : e.children) {
    const std::string kind = fmt::format("{}, {}", child.type, presence(child));
    out += fmt::format("  {:<{}}  {:<{}}  {}", name_of_child(child), names, kind, types,
                       wrapped(first_sentence(child.doc), names + types + 6, width, true));
  }
  return out;
}

}  // namespace knetsim
