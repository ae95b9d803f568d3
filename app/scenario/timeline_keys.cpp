// `timeline` and `cluster.control`: what happens to a cluster in a run, and how long its controllers take.

#include "app/scenario/scenario_keys.h"

namespace knetsim {

void describe(Fields<ControlSettings>& f) {
  f.about("Control", "How long the control plane and the kubelets take; read where there is a timeline.");
  f.optional("podStart", &ControlSettings::pod_start, "3s",
             {.doc = "From a pod's creation until its process listens, its image being there; what its readiness probe "
                     "waits for comes on top.",
              .at_most = "1h",
              .source = "kubernetes/community sig-scalability/slos: 5 s at the 99th percentile"});
  f.optional(
      "nodeMonitorGracePeriod", &ControlSettings::node_monitor_grace,
      {.doc = "Without a word of a node until it is NotReady; 50s, and 40s before Kubernetes 1.32, where nothing "
              "is said.",
       .at_most = "1h",
       .source = "k/k pkg/controller/nodelifecycle/config/v1alpha1/defaults.go"});
  f.optional("tolerationSeconds", &ControlSettings::eviction, "300s",
             {.doc = "From there until a node's pods are deleted.",
              .at_most = "24h",
              .source = "k/k plugin/pkg/admission/defaulttolerationseconds/admission.go"});
  f.optional("endpointUpdatesBatchPeriod", &ControlSettings::endpoint_batch, "0s",
             {.doc = "From a pod's change until its EndpointSlice is written, with all that changes meanwhile.",
              .at_most = "1h",
              .source = "k/k cmd/kube-controller-manager, --endpointslice-updates-batch-period"});
}

namespace {

constexpr const char* kDeploymentDoc = "NAME, or NAMESPACE/NAME.";

}  // namespace

void describe(Fields<ScaleDeployment>& f) {
  f.about("Scale", "Another number of pods.");
  f.required("deployment", &ScaleDeployment::deployment, {.doc = kDeploymentDoc, .not_empty = true});
  f.required("replicas", &ScaleDeployment::replicas, {.doc = "How many pods it is to have.", .at_most = "100000"});
}

void describe(Fields<RolloutDeployment>& f) {
  f.about("Rollout", "New pods in place of all, by spec.strategy and minReadySeconds.");
  f.required("deployment", &RolloutDeployment::deployment, {.doc = kDeploymentDoc, .not_empty = true});
  f.shorthand("deployment");
}

void describe(Fields<DeletePod>& f) {
  f.about("Delete",
          "A pod is deleted: it terminates by its preStop and grace period, and its controller makes another.");
  f.required("pod", &DeletePod::pod,
             {.doc = "NAME, or NAMESPACE/NAME, of one that is there by then.", .not_empty = true});
  f.shorthand("pod");
}

void describe(Fields<SetPodReady>& f) {
  f.about("ReadyChange", "A pod's readiness probe fails, or succeeds again.");
  f.required("pod", &SetPodReady::pod,
             {.doc = "NAME, or NAMESPACE/NAME, of one that is there by then.", .not_empty = true});
  f.required("value", &SetPodReady::value, {.doc = "Whether it is ready from then on."});
}

void describe(Fields<SetNodeDown>& f) {
  f.about("NodeChange", "A machine leaves the network, or is back with its pods as they were.");
  f.required("name", &SetNodeDown::name, {.doc = "Of the Node.", .not_empty = true});
  f.optional("down", &SetNodeDown::down, "true", {.doc = "false: it is back."});
  f.shorthand("name");
}

void describe(Fields<TimelineKeys>& f) {
  f.about("TimelineEntry", "One thing that happens to the cluster.");
  f.required("at", &TimelineKeys::at, {.doc = "Since the start of the run, warm-up included.", .at_most = "48h"});
  f.choice("scale", &TimelineKeys::scale, {.doc = "A Deployment has another number of pods."});
  f.choice("rollout", &TimelineKeys::rollout, {.doc = "A Deployment replaces its pods."});
  f.choice("delete", &TimelineKeys::removal, {.doc = "A pod is deleted."});
  f.choice("ready", &TimelineKeys::ready, {.doc = "A pod's readiness changes."});
  f.choice("node", &TimelineKeys::node, {.doc = "A node leaves the network, or is back."});
  f.node(&TimelineKeys::place);
}

TimelineEntry entry_of(const TimelineKeys& keys) {
  TimelineEntry entry{.at = keys.at, .what = {}, .place = keys.place};
  const auto take = [&](const auto& what) {
    if (what) entry.what = *what;
  };
  take(keys.scale);
  take(keys.rollout);
  take(keys.removal);
  take(keys.ready);
  take(keys.node);
  return entry;
}

}  // namespace knetsim
