#include "app/cli/output_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli/command.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

namespace fs = std::filesystem;

fs::path resolved(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path, error);
  return error ? fs::path(path) : whole;
}

}  // namespace

void OutputFiles::reads(const std::string& path) {
  if (!path.empty()) known_.push_back(resolved(path));
}

void OutputFiles::will_write(const std::string& path) {
  if (path.empty()) return;
  const fs::path whole = resolved(path);
  if (std::ranges::find(known_, whole) != known_.end()) {
    throw UsageError(fmt::format("{} is read or written by this command already", path));
  }
  if (!force_ && fs::exists(path) && fs::is_regular_file(path))
    throw UsageError(fmt::format("{} exists; --force writes it anew", path));
  check_writable(path);
  known_.push_back(whole);
}

void OutputFiles::write(const std::string& path, std::string_view text) {
  if (path.empty()) return;
  try {
    write_file_safely(path, text);
  } catch (const OutputError&) {
    if (!failure_) failure_ = std::current_exception();
  }
}

void OutputFiles::finish() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace knetsim
