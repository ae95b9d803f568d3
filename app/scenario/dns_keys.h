#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/scenario/distribution_spec.h"
#include "sim/core/time.h"
#include "sim/input/document.h"

namespace knetsim {

template <class T>
class Fields;

/// The name servers beyond the cluster.
struct UpstreamKeys {
  TimeLaw answer;
  Duration ttl{};
  Duration negative_ttl{};
};

/// NodeLocal DNSCache.
struct NodeLocalKeys {
  TimeLaw work;
  TimeLaw forward_work;
  Duration keep{};
  Duration keep_negative{};
  std::uint32_t max_concurrent = 0;
};

/// Cluster DNS: `cluster.dns`.
struct ClusterDnsKeys {
  std::optional<std::uint32_t> replicas;
  std::string service;
  std::string domain;
  std::vector<std::string> search;
  std::uint32_t max_concurrent = 1000;
  TimeLaw work;
  TimeLaw forward_work;
  UpstreamKeys upstream;
  Duration cache{};
  bool autopath = false;
  std::optional<NodeLocalKeys> node_local;
};

/// How a workload's or an app's clients come by the address of what they ask: `dns`.
struct NameKeys {
  std::string mode;
  std::string name;
  std::string libc;
  std::string records;
  Duration ttl{};
  Node at;

  bool looks_up() const { return mode == "lookup" || mode == "cached"; }
};

void describe(Fields<UpstreamKeys>& f);
void describe(Fields<NodeLocalKeys>& f);
void describe(Fields<ClusterDnsKeys>& f);
void describe(Fields<NameKeys>& f);

}  // namespace knetsim
