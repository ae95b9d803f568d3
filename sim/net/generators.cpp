#include "sim/net/generators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>

namespace knetsim {
namespace {

void check_hosts(const FabricHosts& hosts) {
  if (hosts.count == 0) {
    throw std::invalid_argument("a topology needs at least one host");
  }
  if (!hosts.names.empty() && hosts.names.size() != hosts.count) {
    throw std::invalid_argument("topology of " + std::to_string(hosts.count) + " hosts with " +
                                std::to_string(hosts.names.size()) + " host names");
  }
  if (!hosts.zones.empty() && hosts.zones.size() != hosts.count) {
    throw std::invalid_argument("topology of " + std::to_string(hosts.count) + " hosts with " +
                                std::to_string(hosts.zones.size()) + " host zones");
  }
  if (!hosts.rates.empty() && hosts.rates.size() != hosts.count) {
    throw std::invalid_argument("topology of " + std::to_string(hosts.count) + " hosts with " +
                                std::to_string(hosts.rates.size()) + " rates");
  }
}

std::string number(std::uint64_t n) { return std::to_string(n); }

// Which leaf a host is plugged into, by the way hosts are spread.
std::uint32_t leaf_of(HostId host, std::uint32_t hosts, std::uint32_t leaves, HostSpread spread) {
  if (spread == HostSpread::RoundRobin) {
    return host % leaves;
  }
  return host / ((hosts + leaves - 1) / leaves);
}

Bandwidth rate_of(const FabricHosts& hosts, HostId host) {
  return hosts.rates.empty() ? hosts.rate : hosts.rates[host];
}

// Bits per second of the cables of all hosts at the leaf with most of them.
double busiest_leaf(const FabricHosts& hosts, std::uint32_t leaves) {
  std::vector<double> at(leaves, 0);
  for (HostId host = 0; host < hosts.count; ++host) {
    at[leaf_of(host, hosts.count, leaves, hosts.spread)] += static_cast<double>(rate_of(hosts, host).bits_per_second());
  }
  return *std::max_element(at.begin(), at.end());
}

// Builds what all fabrics share: named switches and hosts at them.
class Fabric {
 public:
  Fabric(const FabricHosts& hosts, const FabricWires& wires) : hosts_(hosts), wires_(wires) { check_hosts(hosts); }

  SwitchId add_switch(std::string name, std::string zone = {}) {
    return topology_.add_switch(std::move(name), wires_.switch_latency, std::move(zone));
  }

  void connect_switches(SwitchId a, SwitchId b, Bandwidth rate) { connect_switches(a, b, rate, wires_.delay); }
  void connect_switches(SwitchId a, SwitchId b, Bandwidth rate, Duration delay) {
    topology_.connect(Vertex::of_switch(a), Vertex::of_switch(b), {rate, delay, wires_.switch_buffer});
  }

  // Hosts in order of their numbers, so that HostId is the position in the spec.
  void plug_hosts(const std::vector<SwitchId>& leaves) {
    plug_hosts_at([&](HostId i) {
      return leaves[leaf_of(i, hosts_.count, static_cast<std::uint32_t>(leaves.size()), hosts_.spread)];
    });
  }

  template <class SwitchOf>
  void plug_hosts_at(const SwitchOf& switch_of) {
    for (HostId i = 0; i < hosts_.count; ++i) {
      const HostId host = topology_.add_host(hosts_.names.empty() ? "host-" + number(i) : hosts_.names[i],
                                             hosts_.zones.empty() ? std::string() : hosts_.zones[i]);
      topology_.connect(Vertex::host(host), Vertex::of_switch(switch_of(i)),
                        {rate_of(hosts_, i), wires_.delay, wires_.switch_buffer});
      topology_.set_buffer(topology_.host_link(host), wires_.host_buffer);
    }
  }

  // @param tops  Switches of the fabric's top.
  void plug_outside(const std::vector<SwitchId>& tops) {
    if (hosts_.outside.empty()) return;
    const SwitchId border = add_switch("border");
    for (const SwitchId top : tops) connect_switches(border, top, hosts_.border_rate);
    for (const OutsideHost& one : hosts_.outside) {
      const HostId host = topology_.add_host(one.name);
      topology_.connect(Vertex::host(host), Vertex::of_switch(border), {one.rate, one.delay, wires_.switch_buffer});
      topology_.set_buffer(topology_.host_link(host), wires_.host_buffer);
    }
  }

  Topology take() { return std::move(topology_); }

 private:
  const FabricHosts& hosts_;
  const FabricWires& wires_;
  Topology topology_;
};

void check_oversubscription(double value, double least) {
  if (!(value >= least && value <= 1000.0)) {
    throw std::invalid_argument("oversubscription has to lie between " + std::to_string(least) + " and 1000");
  }
}

std::uint64_t hosts_per_edge(std::uint32_t k, double oversubscription) {
  const std::uint32_t half = k / 2;
  return static_cast<std::uint64_t>(std::floor(half * oversubscription));
}

}  // namespace

Topology single_switch(const SingleSwitchSpec& spec) {
  Fabric fabric(spec.hosts, spec.wires);
  const SwitchId only = fabric.add_switch("switch-0");
  fabric.plug_hosts({only});
  fabric.plug_outside({only});
  return fabric.take();
}

Topology leaf_spine(const LeafSpineSpec& spec) {
  Fabric fabric(spec.hosts, spec.wires);
  if (spec.leaves == 0 || spec.spines == 0) {
    throw std::invalid_argument("leaf-spine needs at least one leaf and one spine");
  }
  const std::uint32_t fullest = (spec.hosts.count + spec.leaves - 1) / spec.leaves;
  if (spec.leaf_ports != 0 && fullest > spec.leaf_ports) {
    throw std::invalid_argument("leaf-spine: " + number(spec.hosts.count) + " hosts on " + number(spec.leaves) +
                                " leaves of " + number(spec.leaf_ports) + " host ports: there is room for " +
                                number(std::uint64_t{spec.leaves} * spec.leaf_ports));
  }
  Bandwidth uplink = spec.uplink_rate;
  if (uplink == Bandwidth{}) {
    check_oversubscription(spec.oversubscription, 0.001);
    const double ideal = busiest_leaf(spec.hosts, spec.leaves) / (spec.spines * spec.oversubscription);
    uplink = Bandwidth(static_cast<std::int64_t>(std::ceil(ideal)));
  }
  std::vector<SwitchId> leaves;
  std::vector<SwitchId> spines;
  for (std::uint32_t i = 0; i < spec.leaves; ++i) {
    leaves.push_back(fabric.add_switch("leaf-" + number(i)));
  }
  for (std::uint32_t i = 0; i < spec.spines; ++i) {
    spines.push_back(fabric.add_switch("spine-" + number(i)));
  }
  for (const SwitchId leaf : leaves) {
    for (const SwitchId spine : spines) {
      fabric.connect_switches(leaf, spine, uplink);
    }
  }
  fabric.plug_hosts(leaves);
  fabric.plug_outside(spines);
  return fabric.take();
}

Topology zoned(const ZonedSpec& spec) {
  if (spec.zones.empty()) throw std::invalid_argument("a topology of zones needs at least one zone");
  Fabric fabric(spec.hosts, spec.wires);
  const SwitchId middle = fabric.add_switch("region");
  std::map<std::string, SwitchId, std::less<>> switch_of;
  for (const ZonedSpec::Zone& zone : spec.zones) {
    const SwitchId own = fabric.add_switch("zone-" + zone.name, zone.name);
    fabric.connect_switches(own, middle, zone.rate, zone.delay);
    switch_of.try_emplace(zone.name, own);
  }
  fabric.plug_hosts_at([&](HostId host) {
    const auto found = switch_of.find(spec.hosts.zones.empty() ? std::string() : spec.hosts.zones[host]);
    if (found == switch_of.end()) {
      throw std::invalid_argument("host " + (spec.hosts.names.empty() ? number(host) : spec.hosts.names[host]) +
                                  " is in none of the zones");
    }
    return found->second;
  });
  fabric.plug_outside({middle});
  return fabric.take();
}

std::uint64_t fat_tree_capacity(std::uint32_t k, double oversubscription) {
  return std::uint64_t{k} * (k / 2) * hosts_per_edge(k, oversubscription);
}

Topology fat_tree(const FatTreeSpec& spec) {
  Fabric fabric(spec.hosts, spec.wires);
  check_oversubscription(spec.oversubscription, 1.0);
  std::uint32_t k = spec.k;
  if (k == 0) {
    for (k = 2; fat_tree_capacity(k, spec.oversubscription) < spec.hosts.count;) {
      k += 2;
    }
  }
  if (k % 2 != 0 || k > 256) {
    throw std::invalid_argument("fat-tree: k is " + number(k) + "; it has to be even and at most 256");
  }
  const std::uint64_t room = fat_tree_capacity(k, spec.oversubscription);
  if (spec.hosts.count > room) {
    throw std::invalid_argument("fat-tree: " + number(spec.hosts.count) + " hosts; with k = " + number(k) +
                                " there is room for " + number(room));
  }
  const std::uint32_t half = k / 2;
  std::vector<SwitchId> edges;
  std::vector<SwitchId> aggregations;
  std::vector<SwitchId> cores;
  for (std::uint32_t pod = 0; pod < k; ++pod) {
    for (std::uint32_t i = 0; i < half; ++i) {
      edges.push_back(fabric.add_switch("edge-" + number(pod) + "-" + number(i)));
    }
  }
  for (std::uint32_t pod = 0; pod < k; ++pod) {
    for (std::uint32_t i = 0; i < half; ++i) {
      aggregations.push_back(fabric.add_switch("aggregation-" + number(pod) + "-" + number(i)));
    }
  }
  for (std::uint32_t i = 0; i < half * half; ++i) {
    cores.push_back(fabric.add_switch("core-" + number(i)));
  }
  for (std::uint32_t pod = 0; pod < k; ++pod) {
    for (std::uint32_t a = 0; a < half; ++a) {
      const SwitchId aggregation = aggregations[pod * half + a];
      for (std::uint32_t e = 0; e < half; ++e) {
        fabric.connect_switches(edges[pod * half + e], aggregation, spec.hosts.rate);
      }
      // The a-th aggregation switch of each pod goes to the a-th row of cores.
      for (std::uint32_t c = 0; c < half; ++c) {
        fabric.connect_switches(aggregation, cores[a * half + c], spec.hosts.rate);
      }
    }
  }
  fabric.plug_hosts(edges);
  fabric.plug_outside(cores);
  return fabric.take();
}

}  // namespace knetsim
