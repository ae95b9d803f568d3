#pragma once

#include <cstddef>

namespace knetsim {

/// Where bytes go, and where they come from: a pipe, a file.
class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  virtual void write(const void* bytes, std::size_t size) = 0;
};

class ByteReader {
 public:
  virtual ~ByteReader() = default;
  /// Reads `size` bytes; throws where there are fewer.
  virtual void read(void* bytes, std::size_t size) = 0;
};

}  // namespace knetsim
