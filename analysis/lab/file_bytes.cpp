#include "analysis/lab/file_bytes.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw LabError(fmt::format("{} cannot be read", file.string()));
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace knetsim::lab
