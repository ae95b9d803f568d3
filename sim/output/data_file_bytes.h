#pragma once

#include <cstdint>

#include "sim/output/byte_stream.h"
#include "sim/output/data_file.h"

namespace knetsim {

/// A data file's parts between two processes of one machine, or to a file that only this program reads, as they lie in
/// memory: columns of numbers in one piece, so that 100 MB of them take a few hundredths of a second.

void send_text(ByteWriter& to, const std::string& text);
void send_attributes(ByteWriter& to, const std::vector<DataAttribute>& attributes);
void send_group(ByteWriter& to, const DataGroup& group);

/// More came than was allowed, or what no sender sends.
struct ByteNonsense {};

/// Takes what the functions above sent. The sender is not trusted: sizes are counted against what is left.
class DataReceiver {
 public:
  DataReceiver(ByteReader& from, std::uint64_t most_bytes) : from_(&from), left_(most_bytes) {}

  /// @throws ByteNonsense, all of them.
  std::uint8_t byte();
  std::string text();
  std::vector<DataAttribute> attributes();
  DataGroup group();

 private:
  std::size_t size(std::size_t bytes_each);
  template <class Value>
  void take(Value& value);
  template <class Element>
  void take(std::vector<Element>& list);
  template <class Variant, std::size_t... Index>
  Variant one_of(std::index_sequence<Index...> indices);
  std::vector<DataVariable> variables();

  ByteReader* from_;
  std::uint64_t left_;
};

}  // namespace knetsim
