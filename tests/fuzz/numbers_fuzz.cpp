// Files of numbers: arrival times, and cumulative distributions with the law that they make.
#include <stdexcept>

#include "app/scenario/number_file.h"
#include "fuzz_input.h"
#include "memory_file.h"
#include "sim/core/random.h"

void knetsim::fuzz::read(std::string_view text) {
  if (text.empty()) return;
  const char which = text.front();
  static MemoryFile file;
  file.set(text.substr(1));
  Diagnostics diagnostics;
  if ((which & 1) != 0) {
    read_times_file(file.path(), (which & 2) != 0, diagnostics);
  } else {
    try {
      const Distribution law = Distribution::empirical(read_cdf_file(file.path(), (which & 2) != 0, diagnostics));
      law.mean();
    } catch (const std::invalid_argument&) {  // no law; whoever reads it says so
    }
  }
  render(diagnostics.errors());
}
