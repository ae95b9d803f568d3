// What the readers' test reads: `write_sample_results FILE [--deterministic]` writes sample_results.h's results;
// `write_sample_results --schema` prints the schema, tab-separated, so that the test can recompute every cell.
#include <cstdio>
#include <exception>
#include <string_view>

#include "analysis/results/results_writer.h"
#include "sample_results.h"

namespace knetsim {
namespace {

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view file = argv[1];
  if (file == "--schema") {
    for (const SchemaRow& row : results_schema()) {
      const auto text = [](std::string_view view) { return std::string(view); };
      std::printf("%s\t%s\t%s\t%s\t%s\t%s\t%.17g\n", text(row.path).c_str(), text(row.type).c_str(),
                  text(row.dims).c_str(), text(row.unit).c_str(), text(row.when).c_str(), text(row.flags).c_str(),
                  row.scale);
    }
    return 0;
  }
  try {
    const bool deterministic = argc > 2 && std::string_view(argv[2]) == "--deterministic";
    write_results(file, sample_results(), {.deterministic = deterministic});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 5;
  }
  return 0;
}

}  // namespace
}  // namespace knetsim

int main(int argc, char** argv) { return knetsim::run(argc, argv); }
