// Call graphs in isotope's format, and the apps that they become.
#include "app/scenario/service_graph.h"
#include "fuzz_input.h"
#include "memory_file.h"

void knetsim::fuzz::read(std::string_view text) {
  static MemoryFile file;
  file.set(text);
  Diagnostics diagnostics;
  const auto graph = read_service_graph(file.path(), {}, diagnostics);
  if (graph != nullptr && !diagnostics.has_errors()) {
    std::vector<AppSettings> apps;
    add_graph_apps(*graph, apps);
  }
  render(diagnostics.errors());
}
