// What export_csv_test.py reads: `export_sample_results FILE` writes sample_results.h's results, `export_sample_results
// FILE GROUP` prints one group of a file as CSV.
#include <exception>
#include <iostream>

#include "analysis/export_csv.h"
#include "analysis/results/results_reader.h"
#include "analysis/results/results_writer.h"
#include "sample_results.h"

namespace knetsim {
namespace {

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    if (argc == 2) {
      write_results(argv[1], sample_results(), {});
    } else {
      export_csv(read_results_group(argv[1], argv[2]), std::cout);
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 5;
  }
  return 0;
}

}  // namespace
}  // namespace knetsim

int main(int argc, char** argv) { return knetsim::run(argc, argv); }
