#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/input/binder_types.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {

// A config type describes itself once; binding, checks, near names, `explain` and the JSON schema all come from that:
//
//     struct Run { Duration duration; Duration warm_up; std::uint64_t seed; };
//     void describe(Fields<Run>& f) {
//       f.about("Run", "How long to simulate, and how often.");
//       f.required("duration", &Run::duration, {.doc = "Simulated time that is measured.", .above = "0s"});
//       f.optional("warmUp", &Run::warm_up, "0s", {.doc = "Simulated before the measurement begins."});
//       f.optional("seed", &Run::seed, "1", {.doc = "Root of every random stream."});
//     }
//     enum class Backend { Vxlan, HostGateway };
//     void describe(EnumValues<Backend>& v) {
//       v.value("vxlan", Backend::Vxlan, "UDP encapsulation");
//       v.value("host-gw", Backend::HostGateway, "routes, no encapsulation");
//     }
//     Run run = bind<Run>(document.root(), diagnostics);
//
// Members: bool, integers, double, std::string, Duration, Bytes, Bandwidth, Rate, Percent, enums, Path,
// structs, std::optional<T>, std::vector<T>, NamedList<T> (a mapping with free keys, in the file's order), Node
// (anything). Integers and booleans are read as Go's YAML parser reads them for kubectl (yes, on, 0644); keys that
// begin with "x-" are ignored, as in Docker Compose; a key whose value is null counts as not given.

/// A mapping with free keys, in the order of the file.
template <class T>
using NamedList = std::vector<std::pair<std::string, T>>;

/// A share, written "99.9%".
struct Percent {
  double fraction = 0;
  auto operator<=>(const Percent&) const = default;
};

template <class T>
class Fields;
template <class E>
class EnumValues;

template <class T>
concept DescribedStruct = std::is_class_v<T> && requires(Fields<T>& fields) {
  describe(fields);
};
template <class T>
concept DescribedEnum = std::is_enum_v<T> && requires(EnumValues<T>& values) {
  describe(values);
};

/// The table of an enum: text and value, each with a line of documentation.
template <class E>
class EnumValues {
 public:
  EnumValues& value(std::string name, E value, std::string doc) {
    values_.push_back({std::move(name), static_cast<std::int64_t>(value), std::move(doc)});
    return *this;
  }
  const std::vector<EnumValue>& values() const { return values_; }

 private:
  std::vector<EnumValue> values_;
};

template <DescribedEnum E>
const std::vector<EnumValue>& enum_values() {
  static const EnumValues<E> table = [] {
    EnumValues<E> values;
    describe(values);
    return values;
  }();
  return table.values();
}

/// The text of an enum's value; "?" for one that its table does not name.
template <DescribedEnum E>
std::string_view name_of(E value) {
  for (const EnumValue& known : enum_values<E>()) {
    if (known.value == static_cast<std::int64_t>(value)) return known.name;
  }
  return "?";
}

/// How a member's type is read from a node. Scalars: `parse` from text. All: `info` and `bind`.
template <class T>
struct Codec;

template <class T>
const TypeInfo& type_info() {
  static const TypeInfo info = Codec<T>::info();
  return info;
}

/// What the scalars have in common. Derived has parse(text) and info().
template <class Derived, class T>
struct ScalarCodec {
  static constexpr bool kTakesQuoted = true;

  static bool bind(Node node, T& to, Binding& binding) {
    const TypeInfo& type = type_info<T>();
    if (!node.is_scalar()) {
      wrong_kind(node, with_article(type.name), binding, type.accepted);
      return false;
    }
    if (!Derived::kTakesQuoted && node.is_quoted()) {
      binding.diagnostics.error(node, "expected " + with_article(type.name) + "; found a text in quotes",
                                type.accepted);
      return false;
    }
    try {
      to = Derived::parse(node.text());
      note_origin(node, binding);
      return true;
    } catch (const ValueError& error) {
      binding.diagnostics.error(node, error.what(), error.accepted().empty() ? type.accepted : error.accepted());
    }
    return false;
  }
  static bool within(const T& value, const FieldOptions& options) {
    if constexpr (std::totally_ordered<T> && !std::is_same_v<T, std::string> && !std::is_same_v<T, bool>) {
      if (!options.at_least.empty() && value < Derived::parse(options.at_least)) return false;
      if (!options.at_most.empty() && value > Derived::parse(options.at_most)) return false;
      if (!options.above.empty() && value <= Derived::parse(options.above)) return false;
      if (!options.below.empty() && value >= Derived::parse(options.below)) return false;
    }
    if constexpr (std::is_same_v<T, std::string>)
      return !(options.not_empty && value.empty()) && is_allowed(value, options);
    return true;
  }
};

template <>
struct Codec<bool> : ScalarCodec<Codec<bool>, bool> {
  static constexpr bool kTakesQuoted = false;
  static bool parse(std::string_view text);
  static TypeInfo info();
};

/// Reads an integer and refuses what is outside [low, high]. @throws ValueError
std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high);
TypeInfo integer_info();

template <std::integral T>
struct Codec<T> : ScalarCodec<Codec<T>, T> {
  static constexpr bool kTakesQuoted = false;
  static T parse(std::string_view text) {
    constexpr auto kHigh = std::numeric_limits<T>::max();
    constexpr std::int64_t kMost = std::cmp_greater(kHigh, std::numeric_limits<std::int64_t>::max())
                                       ? std::numeric_limits<std::int64_t>::max()
                                       : static_cast<std::int64_t>(kHigh);
    return static_cast<T>(parse_integer(text, static_cast<std::int64_t>(std::numeric_limits<T>::min()), kMost));
  }
  static TypeInfo info() { return integer_info(); }
};

template <>
struct Codec<double> : ScalarCodec<Codec<double>, double> {
  static constexpr bool kTakesQuoted = false;
  static double parse(std::string_view text);
  static TypeInfo info();
};

#define KNETSIM_SCALAR_CODEC(Type)                      \
  template <>                                           \
  struct Codec<Type> : ScalarCodec<Codec<Type>, Type> { \
    static Type parse(std::string_view text);           \
    static TypeInfo info();                             \
  }
KNETSIM_SCALAR_CODEC(std::string);
KNETSIM_SCALAR_CODEC(Duration);
KNETSIM_SCALAR_CODEC(Bytes);
KNETSIM_SCALAR_CODEC(Bandwidth);
KNETSIM_SCALAR_CODEC(Rate);
KNETSIM_SCALAR_CODEC(Percent);
KNETSIM_SCALAR_CODEC(Path);
#undef KNETSIM_SCALAR_CODEC

/// The value of an enum's text. @throws ValueError  With a near name.
std::int64_t parse_enum(std::string_view text, const std::vector<EnumValue>& values);
TypeInfo enum_info(const std::vector<EnumValue>& values);

template <DescribedEnum E>
struct Codec<E> : ScalarCodec<Codec<E>, E> {
  static E parse(std::string_view text) { return static_cast<E>(parse_enum(text, enum_values<E>())); }
  static TypeInfo info() { return enum_info(enum_values<E>()); }
  static bool within(const E&, const FieldOptions&) { return true; }
};

template <>
struct Codec<Node> {
  static TypeInfo info() { return {.kind = TypeInfo::Kind::Any, .name = "any value"}; }
  static bool bind(Node node, Node& to, Binding&) {
    to = node;
    return true;
  }
  static bool within(const Node& node, const FieldOptions& options) {
    return !options.not_empty || node.size() > 0 || !node.text().empty();
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static TypeInfo info() { return Codec<T>::info(); }
  static bool bind(Node node, std::optional<T>& to, Binding& binding) {
    return Codec<T>::bind(node, to.emplace(), binding);
  }
  static bool within(const std::optional<T>& value, const FieldOptions& options) {
    return !value || Codec<T>::within(*value, options);
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static TypeInfo info() {
    return {.kind = TypeInfo::Kind::List, .name = "list of " + type_name(), .accepted = {}, .element = &type_info<T>};
  }
  static bool bind(Node node, std::vector<T>& to, Binding& binding) {
    to.clear();
    if (!node.is_sequence()) {
      wrong_kind(node, "a list", binding);
      return false;
    }
    bool good = true;
    for (const Node item : node) good = Codec<T>::bind(item, to.emplace_back(), binding) && good;
    return good;
  }
  static bool within(const std::vector<T>& values, const FieldOptions& options) {
    if (options.not_empty && values.empty()) return false;
    for (const T& value : values) {
      if (!Codec<T>::within(value, options)) return false;
    }
    return true;
  }

 private:
  static std::string type_name();
};

template <class T>
struct Codec<NamedList<T>> {
  static TypeInfo info() {
    return {.kind = TypeInfo::Kind::Map, .name = "mapping", .accepted = {}, .element = &type_info<T>};
  }
  static bool bind(Node node, NamedList<T>& to, Binding& binding) {
    to.clear();
    if (!node.is_mapping()) {
      wrong_kind(node, "a mapping", binding);
      return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < node.size(); ++i) {
      auto& entry = to.emplace_back(std::string(node.key(i).text()), T{});
      if (node[i].is_null()) {
        set_default(entry.second, {node[i], {}}, binding);
      } else {
        good = Codec<T>::bind(node[i], entry.second, binding) && good;
      }
    }
    return good;
  }
  static bool within(const NamedList<T>& values, const FieldOptions& options) {
    if (options.not_empty && values.empty()) return false;
    for (const auto& [name, value] : values) {
      if (!Codec<T>::within(value, options)) return false;
    }
    return true;
  }

 private:
  /// `name:` without a value: a struct of defaults, where the type has such; an error elsewhere.
  static void set_default(T& value, const Missing& place, Binding& binding);
};

template <DescribedStruct T>
const StructInfo& struct_info();

template <DescribedStruct T>
struct Codec<T> {
  static TypeInfo info() {
    return {.kind = TypeInfo::Kind::Struct, .name = "mapping", .accepted = {}, .structure = &struct_info<T>};
  }
  static bool bind(Node node, T& to, Binding& binding) {
    const std::size_t before = binding.diagnostics.error_count();
    bind_struct(struct_info<T>(), &to, node, binding);
    return binding.diagnostics.error_count() == before;
  }
  static bool within(const T&, const FieldOptions&) { return true; }
};

template <class T>
std::string Codec<std::vector<T>>::type_name() {
  if constexpr (DescribedStruct<T>) {
    return "mappings";
  } else {
    return type_info<T>().name;
  }
}

template <class T>
void Codec<NamedList<T>>::set_default(T& value, const Missing& place, Binding& binding) {
  if constexpr (DescribedStruct<T>) {
    default_struct(struct_info<T>(), &value, place, binding);
  } else if constexpr (std::is_same_v<T, Node>) {
    value = place.above;
  } else {
    wrong_kind(place.above, with_article(type_info<T>().name), binding, type_info<T>().accepted);
  }
}

/// The description of a struct in the making: one call a key, in the order in which explain prints them.
template <class T>
class Fields {
 public:
  /// Name for the schema, and what the mapping is for.
  void about(std::string name, std::string doc) {
    info_.name = std::move(name);
    info_.doc = std::move(doc);
  }
  /// A key that has to be there.
  template <class M, class Base = T>
  void required(std::string name, M Base::*member, FieldOptions options) {
    add(std::move(name), member, std::move(options), FieldInfo::Presence::Required);
  }
  /// A key with a default, written as in a file: parsed by the same code, so what explain says is what happens.
  template <class M, class Base = T>
  void optional(std::string name, M Base::*member, const std::string& default_text, FieldOptions options) {
    static_assert(!std::is_same_v<M, Node>, "a default that is a node would outlive its document");
    FieldInfo& field = add(std::move(name), member, std::move(options), FieldInfo::Presence::Optional);
    give_default<M>(
        field, [member](T& object) -> M& { return object.*member; }, default_text);
  }
  /// A key that may be left out: an std::optional stays empty, a list empty, a struct gets its own defaults, anything
  /// else keeps what the struct's own initialiser says.
  template <class M, class Base = T>
  void optional(std::string name, M Base::*member, FieldOptions options) {
    FieldInfo& field = add(std::move(name), member, std::move(options), FieldInfo::Presence::Optional);
    if constexpr (DescribedStruct<M>) {
      field.set_default = [member](void* object, const Missing& place, Binding& binding) {
        default_struct(struct_info<M>(), &(static_cast<T*>(object)->*member), place, binding);
      };
    }
  }
  /// A key of a table that is known only at run time, whose values stand in one member.
  /// @param place  (T&) -> std::optional<M>&
  template <class Place>
  void optional_at(std::string name, Place place, FieldOptions options) {
    using Member = std::remove_reference_t<std::invoke_result_t<Place, T&>>;
    add_at<Member>(std::move(name), place, std::move(options), FieldInfo::Presence::Optional);
  }
  /// The same for a key with a default. @param place  (T&) -> M&
  template <class Place>
  void optional_at(std::string name, Place place, const std::string& default_text, FieldOptions options) {
    using Member = std::remove_reference_t<std::invoke_result_t<Place, T&>>;
    FieldInfo& field = add_at<Member>(std::move(name), place, std::move(options), FieldInfo::Presence::Optional);
    give_default<Member>(field, place, default_text);
  }
  /// One of several keys of which exactly one is there: {poisson: 2000/s} or {constant: 100/s}.
  template <class M>
  void choice(std::string name, std::optional<M> T::*member, FieldOptions options) {
    add(std::move(name), member, std::move(options), FieldInfo::Presence::Choice);
  }
  /// A scalar in place of the mapping stands for this key (a list, if the key's value is one): `to: cart` for
  /// `to: {service: cart}`.
  void shorthand(std::string key) { info_.shorthands.push_back(std::move(key)); }
  /// Keeps the mapping's node, for messages after binding and for what binds the rest.
  void node(Node T::*member) {
    info_.keep_node = [member](void* object, Node node) { static_cast<T*>(object)->*member = node; };
  }
  /// Keys that are not described are no error: the model that they parameterise checks them, through node().
  void takes_any_key() { info_.takes_any_key = true; }
  /// A condition over several keys; reports through `binding.diagnostics`.
  void check(std::function<void(const T&, Node, Binding&)> condition) {
    info_.checks.push_back([condition = std::move(condition)](const void* object, Node node, Binding& binding) {
      condition(*static_cast<const T*>(object), node, binding);
    });
  }

  const StructInfo& info() const { return info_; }

 private:
  template <class M, class Base>
  FieldInfo& add(std::string name, M Base::*member, FieldOptions options, FieldInfo::Presence presence) {
    return add_at<M>(
        std::move(name), [member](T& object) -> M& { return object.*member; }, std::move(options), presence);
  }
  template <class M, class Place>
  FieldInfo& add_at(std::string name, Place place, FieldOptions options, FieldInfo::Presence presence) {
    FieldInfo& field = info_.fields.emplace_back();
    field.name = std::move(name);
    field.presence = presence;
    field.options = std::move(options);
    field.type = &type_info<M>;
    field.bind = [place, bounds = field.options](void* object, Node node, Binding& binding) {
      M& to = place(*static_cast<T*>(object));
      if (Codec<M>::bind(node, to, binding) && !Codec<M>::within(to, bounds)) out_of_range(node, bounds, binding);
    };
    return field;
  }

  template <class M, class Place>
  static void give_default(FieldInfo& field, Place place, const std::string& default_text) {
    field.default_text = default_text;
    const DefaultDocument parsed(default_text);
    Diagnostics problems;
    Binding trial{problems};
    M value{};
    Codec<M>::bind(parsed.root(), value, trial);
    DefaultDocument::verify(problems, default_text);
    field.set_default = [place, value, default_text](void* object, const Missing& missing, Binding& binding) {
      place(*static_cast<T*>(object)) = value;
      note_default(missing, default_text, binding);
    };
  }

  StructInfo info_;
};

template <DescribedStruct T>
const StructInfo& struct_info() {
  static const StructInfo info = [] {
    Fields<T> fields;
    describe(fields);
    return fields.info();
  }();
  return info;
}

/// Binds a node; every mistake goes to `diagnostics`, and what is wrong keeps the value of its initialiser.
/// @param origins  Filled with where each scalar came from, in the order of the descriptions.
template <DescribedStruct T>
T bind(Node node, Diagnostics& diagnostics, std::vector<ValueOrigin>* origins = nullptr) {
  T value{};
  Binding binding{diagnostics, origins};
  bind_struct(struct_info<T>(), &value, node, binding);
  return value;
}

/// The same. @throws ConfigError  With every mistake.
template <DescribedStruct T>
T bind(Node node) {
  Diagnostics diagnostics;
  T value = bind<T>(node, diagnostics);
  diagnostics.throw_if_errors();
  return value;
}

}  // namespace knetsim
