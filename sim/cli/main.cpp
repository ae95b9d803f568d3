#include <string>
#include <vector>

#include "sim/cli/program.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return knetsim::run_program(arguments);
}
