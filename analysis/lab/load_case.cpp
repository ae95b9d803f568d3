#include "analysis/lab/load_case.h"

#include <fmt/format.h>

namespace knetsim::lab {

std::string_view load_name(LoadKind kind) {
  switch (kind) {
    case LoadKind::Bulk:
      return "bulk";
    case LoadKind::Requests:
      return "requests";
    case LoadKind::Connections:
      return "connections";
  }
  return "";
}

std::string_view operation_of(LoadKind kind) {
  switch (kind) {
    case LoadKind::Bulk:
      return "byte";
    case LoadKind::Requests:
      return "request";
    case LoadKind::Connections:
      return "connection";
  }
  return "";
}

std::string LoadCase::what_name() const {
  return fmt::format("{}, {} {}{}, {}", load_name(kind), clients, kind == LoadKind::Bulk ? "stream" : "client",
                     clients == 1 ? "" : "s", placement_name(placement));
}

std::string LoadCase::name() const { return fmt::format("{}: {}", path.datapath_name(), what_name()); }

}  // namespace knetsim::lab
