#include "sim/input/list_header.h"

#include <fmt/format.h>

#include "sim/input/document_editor.h"

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

bool ListHeader::keeps_waiting(Node item) const {
  if (item["kind"].exists() && item["apiVersion"].exists()) return false;
  return kind.empty() || (kind != "List" && api_version.empty());
}

void ListHeader::deliver_waiting(Node root, const std::function<void(const Document&)>& sink) {
  const std::string_view of_item = kind.ends_with("List") ? std::string_view(kind).substr(0, kind.size() - 4) : "";
  for (Document& item : waiting) {
    DocumentEditor editor(item);
    const auto fill = [&](std::string_view key, std::string_view text) {
      if (text.empty() || !root[key].exists() || item[key].exists()) return;
      editor.add_text(item.root(), key, text, root[key]);
    };
    if (!of_item.empty()) {
      fill("kind", of_item);
      fill("apiVersion", api_version);
    }
    sink(item);
  }
  waiting.clear();
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
