#include "sim/output/data_file_dump.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <system_error>

#include "sim/output/byte_stream.h"
#include "sim/output/data_file_bytes.h"
#include "sim/output/output_error.h"

namespace knetsim {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_file(const std::filesystem::path& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (!file) throw OutputError(path, std::generic_category().message(errno));
  return file;
}

class FileWriter final : public ByteWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path) : path_(path), file_(open_file(path, "wbe")) {}
  void write(const void* bytes, std::size_t size) override {
    if (std::fwrite(bytes, 1, size, file_.get()) != size) fail();
  }
  void close() {
    if (std::fclose(file_.release()) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw OutputError(path_, fmt::format("cannot write: {}", std::generic_category().message(errno)));
  }
  const std::filesystem::path& path_;
  File file_;
};

class FileReader final : public ByteReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : path_(path), file_(open_file(path, "rbe")) {}
  void read(void* bytes, std::size_t size) override {
    if (std::fread(bytes, 1, size, file_.get()) != size) throw OutputError(path_, "cut short");
  }

 private:
  const std::filesystem::path& path_;
  File file_;
};

}  // namespace

void write_dump(const std::filesystem::path& path, const std::vector<DataGroup>& groups) {
  FileWriter file(path);
  const std::uint64_t count = groups.size();
  file.write(&count, sizeof count);
  for (const DataGroup& group : groups) send_group(file, group);
  file.close();
}

std::vector<DataGroup> read_dump(const std::filesystem::path& path) {
  FileReader file(path);
  std::uint64_t count = 0;
  file.read(&count, sizeof count);
  DataReceiver from(file, std::numeric_limits<std::uint64_t>::max());  // it is our own
  std::vector<DataGroup> groups;
  for (std::uint64_t i = 0; i < count; ++i) groups.push_back(from.group());
  return groups;
}

}  // namespace knetsim
