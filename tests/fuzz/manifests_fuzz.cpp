// Kubernetes manifests: read, bound to a cluster of six nodes, endpoints, addresses and places made.
#include "fuzz_input.h"
#include "models/cluster/bind.h"
#include "models/cluster/manifest_reader.h"
#include "sim/input/read_documents.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.yaml", text);
  Diagnostics diagnostics;
  ManifestReader reader(diagnostics);
  read_documents(*input, diagnostics, [&](const Document& document) { reader.read(document); },
                 {.last_duplicate_counts = true, .on_items_again = [&] { reader.forget_list(); }});
  ClusterOptions options;
  options.nodes.count = 6;
  Manifests manifests = reader.finish();
  std::size_t pods = 0;  // a million pods are allowed, and take their time
  for (const Controller& controller : manifests.controllers) pods += controller.replicas;
  if (pods < 2000) bind_cluster(std::move(manifests), options, diagnostics);
  render(diagnostics.errors());
  render(diagnostics.notices());
}
