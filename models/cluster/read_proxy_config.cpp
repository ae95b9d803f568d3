// The ConfigMap that kubeadm writes for kube-proxy. Nothing of it is simulated as it stands; its mode is held against
// that of the scenario.

#include "models/cluster/object_reader.h"
#include "sim/input/read_documents.h"

namespace knetsim {

void note_kube_proxy_config(ObjectReader& reader, Node object) {
  const Node metadata = object["metadata"];
  if (metadata["name"].text() != "kube-proxy" || metadata["namespace"].text() != "kube-system") return;
  const Node text = object["data"]["config.conf"];
  if (text.text().empty()) return;
  const auto input = Input::from_text("config.conf", text.text());
  Diagnostics ignored;  // what is wrong in a text that is not used is kube-proxy's to say
  read_documents(*input, ignored, [&](const Document& config) {
    if (config["kind"].text() != "KubeProxyConfiguration") return;
    // Empty, as kubeadm leaves it: iptables on Linux (k/k cmd/kube-proxy/app/server_linux.go, platformApplyDefaults).
    const std::string_view mode = config["mode"].text();
    reader.manifests().kube_proxy = {.mode = mode.empty() ? "iptables" : std::string(mode),
                                     .place = Diagnostic::at(Severity::Notice, text.key(), {})};
  });
}

}  // namespace knetsim
