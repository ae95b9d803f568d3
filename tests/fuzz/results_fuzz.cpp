// Results files: a good one with structural edits. The input is a list of edits of 8 bytes each: what is done (a byte,
// four bytes, a copy of another place), where, and with what; places count from the file's own metadata, of which there
// is far less than data. Each file is read and summarised as `inspect` does.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "analysis/recorded.h"
#include "analysis/results/results_reader.h"
#include "analysis/results/results_writer.h"
#include "analysis/summary.h"
#include "fuzz_input.h"
#include "memory_file.h"
#include "sample_results.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"

namespace knetsim::fuzz {
namespace {

/// Where the library's structures begin: signatures of "HDF5 File Format Specification", version 3.
std::vector<std::size_t> structures(std::string_view image) {
  std::vector<std::size_t> places{0};
  for (const char* signature : {"OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "BTIN", "GCOL", "HEAP", "TREE",
                                "SNOD", "FADB", "FAHD"}) {
    for (std::size_t at = image.find(signature); at != std::string_view::npos; at = image.find(signature, at + 1)) {
      places.push_back(at);
    }
  }
  std::ranges::sort(places);
  return places;
}

void edit(std::string& image, const std::vector<std::size_t>& places, const unsigned char* change) {
  std::uint16_t structure = 0;
  std::uint16_t offset = 0;
  std::memcpy(&structure, change + 1, 2);
  std::memcpy(&offset, change + 3, 2);
  const std::size_t at = (places[structure % places.size()] + offset % 512) % (image.size() - 8);
  switch (change[0] % 4) {
    case 0:
      image[at] = static_cast<char>(change[5]);
      break;
    case 1:
      image[at] = static_cast<char>(image[at] ^ (1 << (change[5] % 8)));
      break;
    case 2: {
      constexpr std::array<std::uint64_t, 6> kNumbers{
          0, 1, 0xffff, 0xffff'ffff, ~std::uint64_t{0}, 0x7fff'ffff'ffff'ffff};
      std::memcpy(&image[at], &kNumbers[change[5] % kNumbers.size()], 1U << (change[6] % 4));
      break;
    }
    default:
      std::memmove(&image[at], &image[std::min(places[change[5] % places.size()], image.size() - 8)],
                   1U << (change[6] % 4));
  }
}

}  // namespace

void read(std::string_view text) {
  static const std::vector<std::byte> good = hdf5_image(to_data_file(sample_results(), {}));
  static const std::string original(reinterpret_cast<const char*>(good.data()), good.size());
  static const std::vector<std::size_t> places = structures(original);
  static MemoryFile file;
  std::string image = original;
  for (std::size_t i = 0; i + 8 <= std::min<std::size_t>(text.size(), 1024); i += 8) {
    edit(image, places, reinterpret_cast<const unsigned char*>(text.data()) + i);
  }
  file.set(image);
  try {
    const ResultsContent content = read_results_content(file.path());
    const Recorded recorded(content.results);
    for (const std::string_view variant : recorded.variants()) {
      for (const std::string_view workload : recorded.workloads_of(variant)) summarise(recorded, variant, workload);
    }
  } catch (const OutputError&) {
  }
}

}  // namespace knetsim::fuzz
