#include "app/experiment/part_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "analysis/results/merge_results.h"
#include "sim/output/data_file_dump.h"
#include "sim/output/output_error.h"

namespace knetsim {

PartFiles::PartFiles(const std::filesystem::path& out) {
  std::string pattern = out.string() + ".parts.XXXXXX";  // mkdtemp's six letters
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw OutputError(out, fmt::format("no folder can be made beside it: {}", std::generic_category().message(errno)));
  }
  folder_ = pattern;
}

PartFiles::~PartFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PartFiles::take(std::size_t point, ExperimentResults record) {
  const std::filesystem::path path = folder_ / fmt::format("{:06}", point);
  write_dump(path, to_data_file(record, {}).groups);
  parts_.emplace(point, path);
  record.endpoints = record.nodes = record.links = record.bands = {};
  record.service = {};
  record.endpoint = {};
  record.cpu = {};
  record.drops = {};
  record.link = {};
  record.split = {};
  record.series = {};
  record.spans = {};
  kept_.take(point, std::move(record));
}

std::uint64_t PartFiles::merge(const std::filesystem::path& path, const ExperimentResults& head,
                               const WriteOptions& options) const {
  std::vector<std::filesystem::path> parts;
  for (const auto& [point, part] : parts_) parts.push_back(part);
  return merge_results(path, parts, head, options);
}

}  // namespace knetsim
