#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/input_file.h"

namespace knetsim {

/// How a text is taken.
struct ReadRules {
  /// Of keys that stand twice in a mapping the last counts, with a notice, as for kubectl (sigs.k8s.io/yaml without
  /// UnmarshalStrict); else that is an error.
  bool last_duplicate_counts = false;
  /// With the above: a second `items` came in the List whose items were given to the sink last, and those that follow
  /// stand in their place. Without it that is an error.
  std::function<void()> on_items_again{};
};

/// Gets one document at a time; it and its nodes last until the call returns (a copy lasts as long as the Input).
using DocumentSink = std::function<void(const Document&)>;

/// Reads every document of an input, in order, in memory that does not grow with the file. Gives to `sink`
///  - each YAML document whose root is a mapping (empty and comment-only documents are passed over),
///  - each JSON object that stands at the top (several may follow each other),
///  - instead of a `kind: List` or `<Kind>List` each of its items, one by one, and of an item that is such a list
///    itself each of its own; an item of a typed list that lacks `kind` or `apiVersion` gets the list's, and waits for
///    the document's end where these follow its `items`.
/// JSON is what begins with `[`, with `{"` or with `{}`; everything else is YAML 1.2 (libfyaml). Aliases and merge keys
/// (`<<`) are resolved. What is wrong goes to `diagnostics` with its place: duplicate keys (all of them; the first
/// value stays, unless the rules say otherwise), a root that is no mapping, broken syntax, invalid UTF-8, and what goes
/// beyond the bounds of document_builder.h: levels, values and bytes of one document, values that aliases stand for,
/// open brackets of YAML, empty documents. All but duplicate keys end the reading of this input.
/// @return  Documents given to `sink`.
std::size_t read_documents(const Input& input, Diagnostics& diagnostics, const DocumentSink& sink,
                           ReadRules rules = {});

/// The same. @throws ConfigError  After the last document, with everything that was wrong.
std::size_t read_documents(const Input& input, const DocumentSink& sink);

/// Reads an input that is to hold exactly one document, as a scenario or a cost profile does. What follows a second
/// document is not read.
/// @param check  Called with the first document before anything else is read; its errors end the reading.
/// @throws ConfigError  None, several, or a wrong one.
Document read_document(const Input& input, const std::function<void(const Document&, Diagnostics&)>& check = {});

/// Reads the YAML value (a scalar, or flow style) that stands in a part of an input: the right side of --set.
/// Empty text gives null. Errors go to `diagnostics`, and the document is then empty.
Document read_value(const Input& input, std::uint64_t offset, std::uint64_t size, Diagnostics& diagnostics);

}  // namespace knetsim
