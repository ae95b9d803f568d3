#include "sim/input/list_header.h"

#include <fmt/format.h>

namespace knetsim {

void ListHeader::value(std::string_view key, std::string_view text, std::uint64_t place) {
  if (key == "kind") {
    kind = text;
    kind_place = place;
  } else if (key == "apiVersion") {
    api_version = text;
    api_version_place = place;
  }
}

bool ListHeader::may_be_list() {
  if (!kind.empty() && !kind.ends_with("List")) return false;
  was_list = true;
  return true;
}

void ListHeader::complete(DocumentBuilder& item) const {
  if (!item.in_mapping() || !kind.ends_with("List") || kind == "List") return;
  item.default_entry("kind", std::string_view(kind).substr(0, kind.size() - 4), kind_place);
  if (!api_version.empty()) item.default_entry("apiVersion", api_version, api_version_place);
}

void ListHeader::check_kind(Node root, Diagnostics& diagnostics) const {
  if (kind.ends_with("List")) return;
  if (kind.empty()) {
    diagnostics.error(root, "a document with 'items' and without 'kind'", "kind: List");
  } else {
    diagnostics.error(root["kind"], fmt::format("'items' in a document of kind {}", kind), "kind: List");
  }
}

}  // namespace knetsim
