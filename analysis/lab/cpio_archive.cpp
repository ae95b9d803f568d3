#include "analysis/lab/cpio_archive.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace knetsim::lab {
namespace {

void pad(std::string& bytes) { bytes.resize((bytes.size() + 3) / 4 * 4, '\0'); }

}  // namespace

void CpioArchive::add(const std::string& path, std::uint32_t mode, std::string_view bytes) {
  if (!names_.insert(path).second) return;
  // Magic, inode, mode, owner, group, links, time, size, device and its node twice, length of the name, checksum.
  bytes_ += fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
                        next_inode_++, mode, 0, 0, 1, 0, bytes.size(), 0, 0, 0, 0, path.size() + 1, 0);
  bytes_ += path;
  bytes_ += '\0';
  pad(bytes_);
  bytes_ += bytes;
  pad(bytes_);
}

void CpioArchive::add_folder(const std::string& path) {
  if (path.empty() || names_.contains(path)) return;
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos) add_folder(path.substr(0, slash));
  add(path, S_IFDIR | 0755, {});
}

void CpioArchive::add_file(const std::string& path, std::string_view bytes, std::uint32_t permissions) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos) add_folder(path.substr(0, slash));
  add(path, S_IFREG | permissions, bytes);
}

std::string CpioArchive::finish() {
  names_.erase("TRAILER!!!");
  add("TRAILER!!!", 0, {});
  return std::move(bytes_);
}

}  // namespace knetsim::lab
