#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

#include "sim/output/byte_stream.h"

namespace knetsim {

/// One end of the pipe between a process and its child.
class PipeWriter final : public ByteWriter {
 public:
  explicit PipeWriter(int descriptor) : descriptor_(descriptor) {}
  /// Ends the child where the reader is gone: there is no one to tell.
  void write(const void* bytes, std::size_t size) override;

 private:
  int descriptor_;
};

class PipeReader final : public ByteReader {
 public:
  /// @param deadline_ns  On the monotonic clock.
  PipeReader(int descriptor, std::int64_t deadline_ns) : descriptor_(descriptor), deadline_ns_(deadline_ns) {}
  /// Reads `size` bytes. @throws PipeEnd  The child ended or said nothing in time.
  void read(void* bytes, std::size_t size) override;

 private:
  int descriptor_;
  std::int64_t deadline_ns_;
};

/// The other end is gone, or too slow. Stays inside run_apart(), which knows why.
struct PipeEnd {};

struct ApartLimits {
  double cpu_s = 1;                            ///< Of the child.
  double wall_s = 60;                          ///< Of both: the machine may be busy.
  std::uint64_t memory_bytes = 400ULL << 20U;  ///< That the child may take beyond what it was born with.
};

/// What the child came to; what() is one phrase: "ended by SIGSEGV", "took more than 1 s of CPU time".
class ApartFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `job` in a child process that can take neither this one nor the machine's memory or time with it, for libraries
/// that cannot be trusted with foreign bytes. The child is a fork: it sees what this process knows, and nothing that it
/// does is seen here but what it writes. It prints nothing and leaves no core file.
/// @param job   In the child. What it throws ends it.
/// @param take  In this process, meanwhile: reads all that `job` writes. What it throws goes on after the child has
/// ended.
/// @pre  This process has one thread.
/// @throws ApartFailure  The child did not come to the end of `job`, or not within the limits.
void run_apart(const ApartLimits& limits, const std::function<void(PipeWriter&)>& job,
               const std::function<void(PipeReader&)>& take);

}  // namespace knetsim
