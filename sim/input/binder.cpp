#include "sim/input/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/input/document_builder.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

std::string list_of(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::vector<std::string> choices_of(const StructInfo& info) {
  std::vector<std::string> names;
  for (const FieldInfo& field : info.fields) {
    if (field.presence == FieldInfo::Presence::Choice) names.push_back(field.name);
  }
  return names;
}

void apply_default(const FieldInfo& field, void* object, const Missing& mapping, Binding& binding) {
  Missing place = mapping;
  place.rest.push_key(field.name);
  if (field.presence == FieldInfo::Presence::Required) {
    missing_key(field, place, binding);
  } else if (field.set_default) {
    field.set_default(object, place, binding);
  }
}

/// Reports unknown keys. @return  The keys that they were probably meant to be: those are not reported missing as well.
std::vector<std::string> check_keys(const StructInfo& info, Node node, Binding& binding) {
  std::vector<std::string> meant;
  if (info.takes_any_key) return meant;
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string_view key = node.key(i).text();
    if (info.find(key) != nullptr || key.starts_with("x-")) continue;
    const std::vector<std::string> known = info.keys();
    binding.diagnostics.error(node.key(i), fmt::format("unknown key '{}'{}", key, suggest(key, known)), list_of(known));
    if (const std::string_view near = nearest(key, known); !near.empty()) meant.emplace_back(near);
  }
  return meant;
}

void check_choices(const StructInfo& info, const std::vector<Node>& given, Node node, Binding& binding) {
  const std::vector<std::string> choices = choices_of(info);
  if (choices.empty() || given.size() == 1) return;
  if (given.empty()) {
    binding.diagnostics.error(node, "expected one of the keys that say which kind it is", list_of(choices));
    return;
  }
  binding.diagnostics.error(given[1], fmt::format("'{}' and '{}' exclude each other", given[0].text(), given[1].text()),
                            "one of " + list_of(choices));
}

/// The field that a scalar or list in the mapping's place stands for.
const FieldInfo* shorthand_for(const StructInfo& info, Node node) {
  for (const std::string& key : info.shorthands) {
    const FieldInfo* field = info.find(key);
    if (field == nullptr) throw std::logic_error("shorthand for a key that is not described: " + key);
    if ((field->type().kind == TypeInfo::Kind::List) == node.is_sequence()) return field;
  }
  return nullptr;
}

std::string forms_of(const StructInfo& info) {
  std::string forms = "a mapping with " + list_of(info.keys());
  for (const std::string& key : info.shorthands) {
    forms += fmt::format(", or {} alone for '{}'", info.find(key)->type().name, key);
  }
  return forms;
}

}  // namespace

const FieldInfo* StructInfo::find(std::string_view key) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const FieldInfo& field) { return field.name == key; });
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string> StructInfo::keys() const {
  std::vector<std::string> names;
  for (const FieldInfo& field : fields) names.push_back(field.name);
  return names;
}

void bind_struct(const StructInfo& info, void* object, Node node, Binding& binding) {
  if (info.keep_node) info.keep_node(object, node);
  const std::size_t errors_before = binding.diagnostics.error_count();
  if (node.is_scalar() || node.is_sequence()) {
    const FieldInfo* instead = shorthand_for(info, node);
    if (instead == nullptr) {
      wrong_kind(node, "a mapping", binding, forms_of(info));
      return;
    }
    for (const FieldInfo& field : info.fields) {
      if (&field == instead) {
        field.bind(object, node, binding);
      } else {
        apply_default(field, object, {node, {}}, binding);
      }
    }
  } else {
    const std::vector<std::string> meant = check_keys(info, node, binding);
    std::vector<Node> choices_given;
    for (const FieldInfo& field : info.fields) {
      const Node value = node[std::string_view(field.name)];
      if (value.is_null()) {
        if (std::find(meant.begin(), meant.end(), field.name) == meant.end())
          apply_default(field, object, {node, {}}, binding);
        continue;
      }
      if (field.presence == FieldInfo::Presence::Choice) choices_given.push_back(value.key());
      field.bind(object, value, binding);
    }
    if (meant.empty() || choices_given.size() > 1) check_choices(info, choices_given, node, binding);
  }
  if (binding.diagnostics.error_count() != errors_before) return;  // conditions over values that are wrong mislead
  for (const auto& check : info.checks) check(object, node, binding);
}

void default_struct(const StructInfo& info, void* object, const Missing& place, Binding& binding) {
  for (const FieldInfo& field : info.fields) apply_default(field, object, place, binding);
  if (const std::vector<std::string> choices = choices_of(info); !choices.empty()) {
    binding.diagnostics.error(place.above.mark(), place.path(), "expected one of the keys that say which kind it is",
                              list_of(choices));
  }
}

void wrong_kind(Node node, std::string_view wanted, Binding& binding, std::string accepted) {
  binding.diagnostics.error(node, fmt::format("expected {}; found {}", wanted, describe_found(node)),
                            std::move(accepted));
}

std::string with_article(std::string_view type_name) {
  if (type_name.starts_with("one of")) return std::string(type_name) + " the known values";
  const bool vowel = std::string_view("aeiou").find(type_name.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(type_name);
}

void missing_key(const FieldInfo& field, const Missing& place, Binding& binding) {
  Diagnostic missing =
      Diagnostic::at(Severity::Error, place.above, fmt::format("missing key '{}'", field.name), field.type().accepted);
  missing.path = place.path();
  binding.diagnostics.add(std::move(missing));
}

void note_origin(Node node, Binding& binding) {
  if (binding.origins == nullptr) return;
  binding.origins->push_back(
      {.path = node.path(), .text = std::string(node.text()), .mark = node.mark(), .is_default = false});
}

void note_default(const Missing& place, std::string_view text, Binding& binding) {
  if (binding.origins == nullptr) return;
  binding.origins->push_back({.path = place.path(), .text = std::string(text), .mark = {}, .is_default = true});
}

std::string range_text(const FieldOptions& options) {
  std::string text;
  const auto add = [&](std::string_view sign, const std::string& bound) {
    if (bound.empty()) return;
    if (!text.empty()) text += " and ";
    text.append(sign).append(" ").append(bound);
  };
  add(">=", options.at_least);
  add(">", options.above);
  add("<=", options.at_most);
  add("<", options.below);
  return text;
}

bool is_allowed(std::string_view text, const FieldOptions& options) {
  return options.allowed.empty() || std::any_of(options.allowed.begin(), options.allowed.end(),
                                                [&](const EnumValue& value) { return value.name == text; });
}

void out_of_range(Node node, const FieldOptions& options, Binding& binding) {
  if (options.not_empty && node.size() == 0 && node.text().empty()) {
    binding.diagnostics.error(node, "must not be empty");
    return;
  }
  if (!options.allowed.empty()) {
    std::vector<std::string> names;
    for (const EnumValue& value : options.allowed) names.push_back(value.name);
    const auto refuse = [&](Node text) {
      if (is_allowed(text.text(), options)) return;
      binding.diagnostics.error(text, fmt::format("unknown value '{}'{}", text.text(), suggest(text.text(), names)),
                                list_of(names));
    };
    if (node.is_scalar()) refuse(node);
    for (const Node item : node) refuse(item);
    return;
  }
  binding.diagnostics.error(node, fmt::format("{} is out of range", describe_found(node)), range_text(options));
}

DefaultDocument::DefaultDocument(std::string_view text) : input_(Input::from_text("default", text)) {
  if (!text.starts_with('[') && !text.starts_with('{')) {
    DocumentBuilder builder;
    builder.start(document_, *input_, 0, 1, -1);
    builder.scalar(0, static_cast<std::uint32_t>(text.size()), 0, false);
    builder.finish();
    return;
  }
  Diagnostics diagnostics;
  document_ = read_value(*input_, 0, text.size(), diagnostics);
  verify(diagnostics, text);
}

DefaultDocument::~DefaultDocument() = default;

void DefaultDocument::verify(const Diagnostics& diagnostics, std::string_view text) {
  if (!diagnostics.has_errors()) return;
  throw std::logic_error(fmt::format("broken default '{}': {}", text, render(diagnostics.errors())));
}

// --- scalars
// -------------------------------------------------------------------------------------------------------------

bool Codec<bool>::parse(std::string_view text) {
  if (const auto value = to_bool(text)) return *value;
  throw ValueError(fmt::format("expected true or false; found '{}'", text));
}

TypeInfo Codec<bool>::info() {
  return {.kind = TypeInfo::Kind::Boolean, .name = "boolean", .accepted = "true or false (also yes, no, on, off)"};
}

std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
  const auto value = to_integer(text);
  if (!value) throw ValueError(fmt::format("expected an integer; found '{}'", text));
  if (*value < low || *value > high) {
    throw ValueError(fmt::format("{} is out of range", text), fmt::format(">= {} and <= {}", low, high));
  }
  return *value;
}

TypeInfo integer_info() {
  return {.kind = TypeInfo::Kind::Integer, .name = "integer", .accepted = "an integer, without quotes or unit"};
}

double Codec<double>::parse(std::string_view text) {
  if (const auto value = to_double(text)) return *value;
  throw ValueError(fmt::format("expected a number; found '{}'", text));
}

TypeInfo Codec<double>::info() {
  return {.kind = TypeInfo::Kind::Number, .name = "number", .accepted = "a number, without quotes or unit"};
}

std::string Codec<std::string>::parse(std::string_view text) { return std::string(text); }

TypeInfo Codec<std::string>::info() { return {.kind = TypeInfo::Kind::Text, .name = "text", .accepted = "a text"}; }

namespace {

TypeInfo unit_info(std::string name, std::string_view accepted, std::string pattern) {
  return {.kind = TypeInfo::Kind::Unit,
          .name = std::move(name),
          .accepted = std::string(accepted),
          .pattern = std::move(pattern)};
}

constexpr std::string_view kNumber = "([0-9]+\\.?[0-9]*|\\.[0-9]+)";

}  // namespace

Duration Codec<Duration>::parse(std::string_view text) { return parse_duration(text); }
TypeInfo Codec<Duration>::info() {
  TypeInfo info =
      unit_info("duration", kDurationUnits, fmt::format("^({}(ps|ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$|^0$", kNumber));
  return info;
}

Bytes Codec<Bytes>::parse(std::string_view text) { return parse_size(text); }
TypeInfo Codec<Bytes>::info() {
  return unit_info("size", kSizeUnits, fmt::format("^{} *([kKMGT]?B|[KMGT]iB?)$", kNumber));
}

Bandwidth Codec<Bandwidth>::parse(std::string_view text) { return parse_bandwidth(text); }
TypeInfo Codec<Bandwidth>::info() {
  return unit_info("bandwidth", kBandwidthUnits, fmt::format("^{} *[kMGT]?(bps|bit/s)$", kNumber));
}

Rate Codec<Rate>::parse(std::string_view text) { return parse_rate(text); }
TypeInfo Codec<Rate>::info() {
  return unit_info("rate", kRateUnits, fmt::format("^{} *[kMG]? */ *(ps|ns|us|\u00b5s|\u03bcs|ms|s|m|h)$", kNumber));
}

Percent Codec<Percent>::parse(std::string_view text) { return {parse_percent(text)}; }
TypeInfo Codec<Percent>::info() { return unit_info("percentage", kPercentUnits, fmt::format("^{} *%$", kNumber)); }

Path Codec<Path>::parse(std::string_view text) {
  try {
    return Path::parse(text);
  } catch (const PathError& error) {
    throw ValueError(fmt::format("'{}' is not a path: {} at character {}", text, error.what(), error.offset() + 1));
  }
}
TypeInfo Codec<Path>::info() {
  return {.kind = TypeInfo::Kind::Text, .name = "path", .accepted = R"(a path, as in a.b[2].c or a["x.y"])"};
}

std::int64_t parse_enum(std::string_view text, const std::vector<EnumValue>& values) {
  std::vector<std::string> names;
  for (const EnumValue& value : values) {
    if (value.name == text) return value.value;
    names.push_back(value.name);
  }
  throw ValueError(fmt::format("unknown value '{}'{}", text, suggest(text, names)));
}

TypeInfo enum_info(const std::vector<EnumValue>& values) {
  std::vector<std::string> names;
  for (const EnumValue& value : values) names.push_back(value.name);
  return {.kind = TypeInfo::Kind::Enum,
          .name = "one of",
          .accepted = list_of(names),
          .pattern = {},
          .element = nullptr,
          .structure = nullptr,
          .values = values};
}

}  // namespace knetsim
