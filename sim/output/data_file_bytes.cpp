#include "sim/output/data_file_bytes.h"

#include <type_traits>

namespace knetsim {
namespace {

void send_size(ByteWriter& to, std::size_t size) {
  const auto wide = static_cast<std::uint64_t>(size);
  to.write(&wide, sizeof wide);
}

template <class Value>
void send(ByteWriter& to, const Value& value) {
  static_assert(std::is_arithmetic_v<Value>);
  to.write(&value, sizeof value);
}

void send(ByteWriter& to, const std::string& text) { send_text(to, text); }

template <class Element>
void send(ByteWriter& to, const std::vector<Element>& list) {
  send_size(to, list.size());
  if constexpr (std::is_arithmetic_v<Element>) {
    to.write(list.data(), list.size() * sizeof(Element));
  } else {
    for (const Element& element : list) send(to, element);
  }
}

template <class... Kinds>
void send(ByteWriter& to, const std::variant<Kinds...>& value) {
  send(to, static_cast<std::uint8_t>(value.index()));
  std::visit([&](const auto& held) { send(to, held); }, value);
}

void send_variables(ByteWriter& to, const std::vector<DataVariable>& variables) {
  send_size(to, variables.size());
  for (const DataVariable& variable : variables) {
    send(to, variable.name);
    send(to, variable.dims);
    send(to, variable.values);
    send_attributes(to, variable.attributes);
  }
}

}  // namespace

void send_text(ByteWriter& to, const std::string& text) {
  send_size(to, text.size());
  to.write(text.data(), text.size());
}

void send_attributes(ByteWriter& to, const std::vector<DataAttribute>& attributes) {
  send_size(to, attributes.size());
  for (const DataAttribute& attribute : attributes) {
    send(to, attribute.name);
    send(to, attribute.value);
  }
}

void send_group(ByteWriter& to, const DataGroup& group) {
  send(to, group.path);
  send_attributes(to, group.attributes);
  send_variables(to, group.axes);
  send_variables(to, group.variables);
}

std::size_t DataReceiver::size(std::size_t bytes_each) {
  std::uint64_t count = 0;
  from_->read(&count, sizeof count);
  if (count > left_ / bytes_each) throw ByteNonsense{};
  left_ -= count * bytes_each;
  return static_cast<std::size_t>(count);
}

template <class Value>
void DataReceiver::take(Value& value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    value.resize(size(1));
    from_->read(value.data(), value.size());
  } else {
    from_->read(&value, sizeof value);
  }
}

template <class Element>
void DataReceiver::take(std::vector<Element>& list) {
  list.resize(size(sizeof(Element)));
  if constexpr (std::is_arithmetic_v<Element>) {
    from_->read(list.data(), list.size() * sizeof(Element));
  } else {
    for (Element& element : list) take(element);
  }
}

template <class Variant, std::size_t... Index>
Variant DataReceiver::one_of(std::index_sequence<Index...> /*indices*/) {
  const std::size_t wanted = byte();
  Variant value;
  const bool known = ((wanted == Index && (take(value.template emplace<Index>()), true)) || ...);
  if (!known) throw ByteNonsense{};
  return value;
}

std::uint8_t DataReceiver::byte() {
  std::uint8_t value = 0;
  from_->read(&value, 1);
  return value;
}

std::string DataReceiver::text() {
  std::string value;
  take(value);
  return value;
}

std::vector<DataAttribute> DataReceiver::attributes() {
  std::vector<DataAttribute> list(size(sizeof(DataAttribute)));
  for (DataAttribute& attribute : list) {
    attribute.name = text();
    attribute.value = one_of<AttributeValue>(std::make_index_sequence<std::variant_size_v<AttributeValue>>());
  }
  return list;
}

std::vector<DataVariable> DataReceiver::variables() {
  std::vector<DataVariable> list(size(sizeof(DataVariable)));
  for (DataVariable& variable : list) {
    variable.name = text();
    take(variable.dims);
    variable.values = one_of<ColumnValues>(std::make_index_sequence<std::variant_size_v<ColumnValues>>());
    variable.attributes = attributes();
  }
  return list;
}

DataGroup DataReceiver::group() {
  DataGroup group;
  group.path = text();
  group.attributes = attributes();
  group.axes = variables();
  group.variables = variables();
  return group;
}

}  // namespace knetsim
