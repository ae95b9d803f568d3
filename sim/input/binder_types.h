#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/path.h"

namespace knetsim {

// What the binder knows about a config type, without the type: explain() and schema() read the same tables as bind().

/// Where a bound value came from.
struct ValueOrigin {
  std::string path = {};
  std::string text = {};  ///< As written, or the default's text.
  Mark mark = {};         ///< File, or "--set"; without a file where the default stands.
  bool is_default = false;
};

/// What goes along while a document is bound.
struct Binding {
  Diagnostics& diagnostics;
  std::vector<ValueOrigin>* origins = nullptr;  ///< When given, every scalar is noted in the order of the descriptions.
};

/// The place of a value that is not there: the nearest node above it and the rest of the path.
struct Missing {
  Node above;
  Path rest;

  std::string path() const { return (Path::parse(above.path()) / rest).to_string(); }
};

struct StructInfo;

struct EnumValue {
  std::string name = {};
  std::int64_t value = 0;
  std::string doc = {};
};

struct TypeInfo {
  enum class Kind : std::uint8_t { Boolean, Integer, Number, Text, Unit, Enum, List, Map, Struct, Any };

  Kind kind = Kind::Any;
  std::string name = {};                       ///< "duration", "integer", "size": as explain prints it.
  std::string accepted = {};                   ///< What a message says is accepted.
  std::string pattern = {};                    ///< Unit: a regular expression (ECMA 262) of what the parser takes.
  const TypeInfo& (*element)() = nullptr;      ///< List and Map: of each item.
  const StructInfo& (*structure)() = nullptr;  ///< Struct.
  std::vector<EnumValue> values = {};          ///< Enum.
};

struct FieldOptions {
  std::string doc = {};       ///< What the key means, one or two sentences.
  std::string unit = {};      ///< Of a bare number: "packets", "cores". Types with units of their own need none.
  std::string at_least = {};  ///< Bounds, in the same notation as the value itself; checked for every item of a list.
  std::string above = {};
  std::string at_most = {};
  std::string below = {};
  std::string source = {};              ///< Where a default comes from: a paper, a kernel file, or "assumption".
  std::vector<EnumValue> allowed = {};  ///< Of a text whose values are known only at run time (a table of models).
  bool not_empty = false;               ///< A text, list or mapping that is given has something in it.
};

struct FieldInfo {
  enum class Presence : std::uint8_t {
    Required,
    Optional,
    Choice,  ///< Exactly one of the choices of a struct is there.
  };

  std::string name = {};
  Presence presence = Presence::Optional;
  FieldOptions options;
  std::optional<std::string> default_text;
  const TypeInfo& (*type)() = nullptr;
  std::function<void(void* object, Node value, Binding& binding)> bind;
  std::function<void(void* object, const Missing& place, Binding& binding)> set_default;
};

struct StructInfo {
  std::string name = {};
  std::string doc = {};
  std::vector<FieldInfo> fields;
  std::vector<std::string> shorthands;  ///< Fields that a scalar or list in the mapping's place stands for.
  bool takes_any_key = false;           ///< Further keys are somebody else's to check.
  std::function<void(void* object, Node node)> keep_node;
  std::vector<std::function<void(const void* object, Node node, Binding& binding)>> checks;

  const FieldInfo* find(std::string_view key) const;
  std::vector<std::string> keys() const;
};

/// Binds a node (a mapping, or a shorthand) to an object; every mistake goes to the binding's diagnostics.
void bind_struct(const StructInfo& info, void* object, Node node, Binding& binding);
/// Gives an object whose mapping is not there the defaults; a required key is an error.
void default_struct(const StructInfo& info, void* object, const Missing& place, Binding& binding);

/// Error for a node of the wrong kind: "expected a list; found a mapping".
void wrong_kind(Node node, std::string_view wanted, Binding& binding, std::string accepted = {});
/// "a size", "an integer", "one of".
std::string with_article(std::string_view type_name);
/// Error of a required key.
void missing_key(const FieldInfo& field, const Missing& place, Binding& binding);
/// Notes a scalar's origin, if origins are asked for.
void note_origin(Node node, Binding& binding);
void note_default(const Missing& place, std::string_view text, Binding& binding);
/// Bounds of a field as a person reads them: ">= 1us and <= 1h"; empty without bounds.
std::string range_text(const FieldOptions& options);
/// A text is one of a field's allowed ones.
bool is_allowed(std::string_view text, const FieldOptions& options);
/// Error of a value beyond its field's bounds, one that is not allowed, or an empty one.
void out_of_range(Node node, const FieldOptions& options, Binding& binding);

/// A document that holds a default, so that it is bound as if it stood in a file: a scalar with exactly this text, or,
/// where it begins with [ or {, a YAML value. @throws std::logic_error  A broken default: the program's mistake.
class DefaultDocument {
 public:
  explicit DefaultDocument(std::string_view text);
  ~DefaultDocument();
  Node root() const { return document_.root(); }
  /// @throws std::logic_error  When binding the default gave errors.
  static void verify(const Diagnostics& diagnostics, std::string_view text);

 private:
  std::unique_ptr<Input> input_;
  Document document_;
};

}  // namespace knetsim
