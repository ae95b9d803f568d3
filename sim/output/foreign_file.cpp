#include "sim/output/foreign_file.h"

#include <fmt/format.h>

#include <system_error>

#include "sim/output/apart.h"
#include "sim/output/data_file_bytes.h"
#include "sim/output/hdf5_reader.h"
#include "sim/output/output_error.h"

namespace knetsim {
namespace {

enum class Frame : std::uint8_t { kAttributes, kGroup, kName, kError, kEnd };

void send_frame(PipeWriter& to, Frame frame) { to.write(&frame, 1); }

#ifdef KNETSIM_SANITIZED
constexpr double kSlowdown = 10;
#else
constexpr double kSlowdown = 1;
#endif

ApartLimits limits_for(std::uint64_t file_bytes) {
  const double tens = static_cast<double>(file_bytes) / 10e6;
  ApartLimits limits;
  limits.cpu_s = kSlowdown * (1 + tens);
  limits.wall_s = 60 + 10 * tens;
  limits.memory_bytes += file_bytes * 20;
  return limits;
}

void read_and_send(const std::filesystem::path& path, const GroupWanted& wanted, PipeWriter& to) {
  try {
    const Hdf5Reader reader(path);
    const std::vector<DataAttribute> attributes = reader.attributes();
    const std::vector<std::string> groups = reader.groups();
    send_frame(to, Frame::kAttributes);
    send_attributes(to, attributes);
    for (const std::string& name : groups) {
      if (wanted(name)) {
        const DataGroup group = reader.group(name);
        send_frame(to, Frame::kGroup);
        send_group(to, group);
      } else {
        send_frame(to, Frame::kName);
        send_text(to, name);
      }
    }
    send_frame(to, Frame::kEnd);
  } catch (const OutputError& error) {
    send_frame(to, Frame::kError);
    send_text(to, std::string(error.what()).substr(path.string().size() + 2));
  }
}

void receive(const std::filesystem::path& path, DataReceiver& from, DataFile& file) {
  for (;;) {
    switch (static_cast<Frame>(from.byte())) {
      case Frame::kAttributes:
        file.attributes = from.attributes();
        break;
      case Frame::kGroup:
        file.groups.push_back(from.group());
        break;
      case Frame::kName:
        file.groups.push_back({.path = from.text(), .attributes = {}, .axes = {}, .variables = {}});
        break;
      case Frame::kError:
        throw OutputError(path, from.text());
      case Frame::kEnd:
        return;
      default:
        throw ByteNonsense{};
    }
  }
}

}  // namespace

DataFile read_foreign_file(const std::filesystem::path& path, const GroupWanted& wanted) {
  check_hdf5_signature(path);
  std::error_code unknown;
  const std::uintmax_t bytes = std::filesystem::file_size(path, unknown);
  const ApartLimits limits = limits_for(unknown ? 0 : bytes);
  DataFile file;
  try {
    run_apart(
        limits, [&](PipeWriter& to) { read_and_send(path, wanted, to); },
        [&](PipeReader& pipe) {
          DataReceiver from(pipe, limits.memory_bytes);
          receive(path, from, file);
        });
  } catch (const ApartFailure& failure) {
    throw OutputError(path, fmt::format("damaged, or larger than its size allows: reading it {}", failure.what()));
  } catch (const ByteNonsense&) {
    throw OutputError(path, "damaged, or it holds more than its size allows");
  } catch (const std::bad_alloc&) {
    throw OutputError(path, "holds more than fits into memory");
  }
  return file;
}

}  // namespace knetsim
