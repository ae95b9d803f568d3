#include "sim/output/data_file.h"

#include <fmt/format.h>

#include <set>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

void check_axis(const DataGroup& group, const DataVariable& axis) {
  KNETSIM_ENSURE(axis.dims == std::vector{axis.name}, group.path + "/" + axis.name);
  KNETSIM_ENSURE(axis.size() > 0, group.path + "/" + axis.name);
}

void check_variable(const DataGroup& group, const DataVariable& variable) {
  std::size_t cells = 1;
  for (const std::string& dim : variable.dims) cells *= group.axis_length(dim);
  KNETSIM_ENSURE(variable.size() == cells, fmt::format("{}/{}: {} values for the {} cells of its axes", group.path,
                                                       variable.name, variable.size(), cells));
}

}  // namespace

std::size_t DataVariable::size() const {
  return std::visit([](const auto& column) { return column.size(); }, values);
}

const DataVariable* DataGroup::find(std::string_view name) const {
  for (const auto* list : {&axes, &variables}) {
    for (const DataVariable& variable : *list) {
      if (variable.name == name) return &variable;
    }
  }
  return nullptr;
}

std::size_t DataGroup::axis_length(std::string_view name) const {
  for (const DataVariable& axis : axes) {
    if (axis.name == name) return axis.size();
  }
  fail_invariant(__FILE__, __LINE__, "the axis exists", fmt::format("{}: no axis '{}'", path, name));
}

const AttributeValue* find_attribute(const std::vector<DataAttribute>& attributes, std::string_view name) {
  for (const DataAttribute& attribute : attributes) {
    if (attribute.name == name) return &attribute.value;
  }
  return nullptr;
}

std::string_view text_attribute(const std::vector<DataAttribute>& attributes, std::string_view name) {
  const AttributeValue* value = find_attribute(attributes, name);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

void check_data_file(const DataFile& file) {
  std::set<std::string_view> paths;
  for (const DataGroup& group : file.groups) {
    KNETSIM_ENSURE(paths.insert(group.path).second, group.path);
    std::set<std::string_view> names;
    for (const auto* list : {&group.axes, &group.variables}) {
      for (const DataVariable& variable : *list) {
        const bool named = !variable.name.empty() && variable.name.find('/') == std::string::npos;
        KNETSIM_ENSURE(named && names.insert(variable.name).second, group.path + "/" + variable.name);
      }
    }
    for (const DataVariable& axis : group.axes) check_axis(group, axis);
    for (const DataVariable& variable : group.variables) check_variable(group, variable);
  }
}

}  // namespace knetsim
