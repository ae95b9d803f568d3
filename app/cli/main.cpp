#include <string>
#include <vector>

#include "analysis/lab/guest_init.h"
#include "app/cli/program.h"
#include "app/cli/standard_streams.h"

int main(int argc, char** argv) {
  if (argc > 0 && knetsim::lab::is_guest_init(argv[0])) knetsim::lab::guest_init();
  knetsim::set_up_standard_streams();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return knetsim::run_program(arguments);
}
