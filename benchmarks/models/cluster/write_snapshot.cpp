// Writes a cluster of any size as a kubectl snapshot (.json) or as Deployments and Services (.yaml), to time the
// program with:
//
//     write_snapshot snapshot.json [nodes services pods]

#include <cstdlib>
#include <string_view>

#include "support/cluster_snapshot.h"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 5) {
    fmt::print(stderr, "usage: write_snapshot FILE.json|FILE.yaml [NODES SERVICES PODS]\n");
    return 2;
  }
  knetsim::SnapshotSize size;
  if (argc == 5) {
    const auto number = [](const char* text) { return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)); };
    size.nodes = number(argv[2]);
    size.services = number(argv[3]);
    size.pods = number(argv[4]);
  }
  const knetsim::ClusterSnapshot snapshot(size);
  if (std::string_view(argv[1]).ends_with(".yaml")) {
    snapshot.write_yaml(argv[1]);
  } else {
    snapshot.write_json(argv[1]);
  }
}
