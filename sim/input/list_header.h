#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/diagnostics.h"
#include "sim/input/document_builder.h"

namespace knetsim {

/// What the readers know of a document that may be a List, before and after its `items` went by.
struct ListHeader {
  std::string kind;
  std::string api_version;
  std::uint64_t kind_place = 0;
  std::uint64_t api_version_place = 0;
  bool was_list = false;  ///< Its items were delivered one by one.
  std::uint64_t items = 0;

  /// Takes note of a scalar entry of the root.
  void value(std::string_view key, std::string_view text, std::uint64_t place);
  /// `items` is a list: are these the items of a List? kubectl writes `kind` after `items`, the API server before.
  bool may_be_list();
  /// Gives the item whose mapping is about to be closed the list's kind ("PodList": "Pod") and apiVersion if it has
  /// none.
  void complete(DocumentBuilder& item) const;
  /// The item lacks what the list's own `kind` or `apiVersion` may say further down.
  bool keeps_waiting(Node item) const;
  /// After the root was read: an error when what had `items` is not a List.
  void check_kind(Node root, Diagnostics& diagnostics) const;
  /// Hands out the items that waited, completed, once the root was read.
  void deliver_waiting(Node root, const std::function<void(const Document&)>& sink);

  std::vector<Document> waiting;
};

}  // namespace knetsim
