#include "sim/input/schema.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <vector>

#include "sim/input/emit.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

/// Writes indented JSON, keys in the order of the calls.
class Writer {
 public:
  void open(char bracket) {
    begin_value();
    out_ += bracket;
    empty_.push_back(true);
  }
  void close(char bracket) {
    const bool empty = empty_.back();
    empty_.pop_back();
    if (!empty) line();
    out_ += bracket;
  }
  void key(std::string_view name) {
    separate();
    out_ += json_string(name) + ": ";
    after_key_ = true;
  }
  void text(std::string_view value) { raw(json_string(value)); }
  void raw(std::string_view value) {
    begin_value();
    out_ += value;
  }
  void entry(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  std::string take() { return std::move(out_) + '\n'; }

 private:
  void line() { out_ += '\n' + std::string(2 * empty_.size(), ' '); }
  void separate() {
    if (empty_.empty()) return;
    if (!empty_.back()) out_ += ',';
    empty_.back() = false;
    line();
  }
  void begin_value() {
    if (!after_key_) separate();
    after_key_ = false;
  }
  std::string out_;
  std::vector<bool> empty_;
  bool after_key_ = false;
};

class SchemaWriter {
 public:
  std::string write(const StructInfo& root, std::string_view id) {
    json_.open('{');
    json_.entry("$schema", "http://json-schema.org/draft-07/schema#");
    json_.entry("$id", id);
    json_.entry("title", root.name);
    reference(root);
    json_.key("definitions");
    json_.open('{');
    while (!waiting_.empty()) {
      const auto [name, info] = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      done_.insert(name);
      json_.key(name);
      json_.open('{');
      structure(*info);
      json_.close('}');
    }
    json_.close('}');
    json_.close('}');
    return json_.take();
  }

 private:
  void reference(const StructInfo& info) {
    if (info.name.empty()) {
      structure(info);
      return;
    }
    if (done_.count(info.name) == 0) waiting_.emplace(info.name, &info);
    json_.entry("$ref", "#/definitions/" + info.name);
  }

  /// The entries of a struct's schema, into an object that is open.
  void structure(const StructInfo& info) {
    if (!info.doc.empty()) json_.entry("description", info.doc);
    if (info.shorthands.empty()) {
      mapping(info);
      return;
    }
    json_.key("anyOf");
    json_.open('[');
    json_.open('{');
    mapping(info);
    json_.close('}');
    for (const std::string& key : info.shorthands) {
      json_.open('{');
      const FieldInfo& field = *info.find(key);
      value(field.type(), &field.options);
      json_.close('}');
    }
    json_.close(']');
  }

  void mapping(const StructInfo& info) {
    json_.entry("type", "object");
    json_.key("properties");
    json_.open('{');
    for (const FieldInfo& field : info.fields) property(field);
    json_.close('}');
    if (!info.takes_any_key) {
      json_.key("patternProperties");
      json_.open('{');
      json_.key("^x-");
      json_.raw("true");
      json_.close('}');
      json_.key("additionalProperties");
      json_.raw("false");
    }
    names_with(info, FieldInfo::Presence::Required);
    names_with(info, FieldInfo::Presence::Choice);
  }

  void names_with(const StructInfo& info, FieldInfo::Presence presence) {
    std::vector<std::string_view> names;
    for (const FieldInfo& field : info.fields) {
      if (field.presence == presence) names.push_back(field.name);
    }
    if (names.empty()) return;
    const bool choice = presence == FieldInfo::Presence::Choice;
    json_.key(choice ? "oneOf" : "required");
    json_.open('[');
    for (const std::string_view name : names) {
      if (choice) {
        json_.open('{');
        json_.key("required");
        json_.raw("[" + json_string(name) + "]");
        json_.close('}');
      } else {
        json_.text(name);
      }
    }
    json_.close(']');
  }

  void property(const FieldInfo& field) {
    json_.key(field.name);
    json_.open('{');
    std::string doc = field.options.doc;
    const auto add = [&](std::string_view label, std::string_view text) {
      if (!text.empty()) doc += fmt::format("{}{}: {}.", doc.empty() ? "" : " ", label, text);
    };
    add("Unit", field.options.unit);
    add("Range", range_text(field.options));
    if (field.type().kind == TypeInfo::Kind::Unit) add("Accepted", field.type().accepted);
    if (field.default_text) add("Default", *field.default_text);
    if (!doc.empty()) json_.entry("description", doc);
    // draft 7 ignores what stands beside a $ref
    if (const TypeInfo& type = field.type(); type.structure != nullptr && !type.structure().name.empty()) {
      json_.key("allOf");
      json_.open('[');
      json_.open('{');
      reference(type.structure());
      json_.close('}');
      json_.close(']');
    } else {
      value(type, &field.options);
    }
    json_.close('}');
  }

  void number_bounds(const FieldOptions& options) {
    const auto bound = [&](std::string_view key, const std::string& text) {
      if (text.empty()) return;
      json_.key(key);
      json_.raw(text);
    };
    bound("minimum", options.at_least);
    bound("maximum", options.at_most);
    bound("exclusiveMinimum", options.above);
    bound("exclusiveMaximum", options.below);
  }

  void value(const TypeInfo& type, const FieldOptions* options) {
    switch (type.kind) {
      case TypeInfo::Kind::Boolean:
        json_.entry("type", "boolean");
        break;
      case TypeInfo::Kind::Integer:
      case TypeInfo::Kind::Number:
        json_.entry("type", type.kind == TypeInfo::Kind::Integer ? "integer" : "number");
        if (options != nullptr) number_bounds(*options);
        break;
      case TypeInfo::Kind::Text:
        if (options != nullptr && !options->allowed.empty()) {
          enumeration(options->allowed);
        } else {
          json_.key("type");
          // A plain 1.36 is a number to an editor and a text to us.
          json_.raw(R"(["string", "number", "boolean"])");
          if (options != nullptr && options->not_empty) {
            json_.key("minLength");
            json_.raw("1");
          }
        }
        break;
      case TypeInfo::Kind::Unit:
        json_.key("type");
        json_.raw(R"("string")");
        if (!type.pattern.empty()) json_.entry("pattern", type.pattern);
        break;
      case TypeInfo::Kind::Enum:
        enumeration(type.values);
        break;
      case TypeInfo::Kind::List:
        json_.entry("type", "array");
        if (options != nullptr && options->not_empty) {
          json_.key("minItems");
          json_.raw("1");
        }
        nested("items", type.element());
        break;
      case TypeInfo::Kind::Map:
        json_.entry("type", "object");
        if (options != nullptr && options->not_empty) {
          json_.key("minProperties");
          json_.raw("1");
        }
        nested("additionalProperties", type.element());
        break;
      case TypeInfo::Kind::Struct:
        reference(type.structure());
        break;
      case TypeInfo::Kind::Any:
        break;
    }
  }

  void nested(std::string_view key, const TypeInfo& type) {
    json_.key(key);
    json_.open('{');
    value(type, nullptr);
    json_.close('}');
  }

  void enumeration(const std::vector<EnumValue>& values) {
    json_.key("enum");
    json_.open('[');
    for (const EnumValue& value : values) json_.text(value.name);
    json_.close(']');
  }

  Writer json_;
  std::map<std::string, const StructInfo*> waiting_;
  std::set<std::string> done_;
};

}  // namespace

std::string schema(const StructInfo& root, std::string_view id) { return SchemaWriter().write(root, id); }

}  // namespace knetsim
