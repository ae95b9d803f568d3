// EndpointSlices and Endpoints: addresses that someone else has selected.

#include <array>

#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

constexpr Keys kSliceObjectKeys({"apiVersion", "kind", "metadata", "addressType", "endpoints", "ports"});
constexpr Keys kEndpointKeys({"addresses", "conditions", "hostname", "targetRef", "topology", "deprecatedTopology",
                              "nodeName", "zone", "hints"});
constexpr Keys kConditionKeys({"ready", "serving", "terminating"});
constexpr Keys kHintKeys({"forZones", "forNodes"});
constexpr Keys kHintedKeys({"name"});
constexpr Keys kPortKeys({"name", "protocol", "port", "appProtocol"});
constexpr Keys kEndpointsObjectKeys({"apiVersion", "kind", "metadata", "subsets"});
constexpr Keys kSubsetKeys({"addresses", "notReadyAddresses", "ports"});
constexpr Keys kAddressKeys({"ip", "hostname", "nodeName", "targetRef"});

void read_ports(ObjectReader& reader, Node list, SliceTables& tables) {
  if (!reader.sequence(list)) return;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kPortKeys);
    const auto port = reader.port(fields[kPortKeys["port"]]);
    const auto protocol = reader.protocol(fields[kPortKeys["protocol"]]);
    if (!port || !protocol) continue;  // A port of null means "all ports", which no Service asks for.
    tables.ports.push_back({reader.text(fields[kPortKeys["name"]]), *protocol, *port});
  }
}

std::string_view target_pod(ObjectReader& reader, Node reference) {
  return reference["kind"].text() == "Pod" ? reader.intern(reference["name"].text()) : std::string_view{};
}

/// Interned names of a list of hints. @return  How many.
std::uint16_t read_hinted(ObjectReader& reader, Node list, SliceTables& tables) {
  std::uint16_t read = 0;
  if (!reader.mappings(list)) return read;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kHintedKeys);
    const std::string_view name = reader.text(fields[kHintedKeys["name"]]);
    if (name.empty()) {
      if (node.is_mapping() && is_absent(fields[kHintedKeys["name"]])) reader.error(node, "name is missing");
      continue;
    }
    tables.hints.push_back(name);
    ++read;
  }
  return read;
}

void read_hints(ObjectReader& reader, Node node, SliceTables& tables, SliceEndpoint& endpoint) {
  if (is_absent(node)) return;
  const FieldValues fields(reader, node, kHintKeys);
  endpoint.first_hint = static_cast<std::uint32_t>(tables.hints.size());
  endpoint.zone_hints = read_hinted(reader, fields[kHintKeys["forZones"]], tables);
  endpoint.node_hints = read_hinted(reader, fields[kHintKeys["forNodes"]], tables);
}

void close(SliceTables& tables, Slice slice, std::size_t first_endpoint, std::size_t first_port) {
  slice.first_endpoint = static_cast<std::uint32_t>(first_endpoint);
  slice.endpoint_count = static_cast<std::uint32_t>(tables.endpoints.size() - first_endpoint);
  slice.first_port = static_cast<std::uint32_t>(first_port);
  slice.port_count = static_cast<std::uint32_t>(tables.ports.size() - first_port);
  tables.slices.push_back(slice);
}

}  // namespace

void read_endpoint_slice(ObjectReader& reader, Node object) {
  constexpr std::array<std::string_view, 3> kTypes{"IPv4", "IPv6", "FQDN"};
  const FieldValues fields(reader, object, kSliceObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, "EndpointSlice");
  if (!meta) return;
  const auto service = reader.cluster().label_sets.value(meta->labels, "kubernetes.io/service-name");
  const Node type_node = fields[kSliceObjectKeys["addressType"]];
  const auto type = reader.choice(type_node, kTypes);
  if (is_absent(type_node)) reader.error(object, "addressType is missing", "IPv4, IPv6");
  if (!service) {
    ++reader.manifests().not_used["EndpointSlice of no Service"];
    return;
  }
  if (!type) return;
  if (*type == 2) {
    reader.uses(Unmodelled::FqdnEndpoints, type_node);
    return;
  }
  SliceTables& tables = reader.manifests().endpoint_slices;
  const std::size_t first_endpoint = tables.endpoints.size();
  const std::size_t first_port = tables.ports.size();
  read_ports(reader, fields[kSliceObjectKeys["ports"]], tables);
  if (const Node endpoints = fields[kSliceObjectKeys["endpoints"]]; reader.mappings(endpoints)) {
    for (const Node node : endpoints) {
      const FieldValues endpoint(reader, node, kEndpointKeys);
      const FieldValues conditions(reader, endpoint[kEndpointKeys["conditions"]], kConditionKeys);
      // Only the first address counts: k/k staging/src/k8s.io/api/discovery/v1/types.go, Endpoint.Addresses.
      const Node stated = endpoint[kEndpointKeys["addresses"]][0];
      const auto address = reader.ip(stated);
      const bool masked = !address && is_masked(stated.text());
      if (!address && !masked) continue;
      SliceEndpoint read{
          .address = masked ? reader.made_up_address(*type == 1 ? IpFamily::V6 : IpFamily::V4) : *address,
          .made_up = masked};
      read.ready = reader.boolean(conditions[kConditionKeys["ready"]], true);
      read.serving = reader.boolean(conditions[kConditionKeys["serving"]], read.ready);
      read.terminating = reader.boolean(conditions[kConditionKeys["terminating"]], false);
      read.pod = target_pod(reader, endpoint[kEndpointKeys["targetRef"]]);
      read.node = reader.text(endpoint[kEndpointKeys["nodeName"]]);
      read_hints(reader, endpoint[kEndpointKeys["hints"]], tables, read);
      tables.endpoints.push_back(read);
    }
  }
  const auto manager = reader.cluster().label_sets.value(meta->labels, "endpointslice.kubernetes.io/managed-by");
  close(tables,
        {.ns = meta->ns,
         .service = *service,
         .family = *type == 1 ? IpFamily::V6 : IpFamily::V4,
         .managed = manager == "endpointslice-controller.k8s.io",
         .mark = meta->mark},
        first_endpoint, first_port);
}

void read_endpoints(ObjectReader& reader, Node object) {
  const FieldValues fields(reader, object, kEndpointsObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, "Endpoints");
  if (!meta) return;
  SliceTables& tables = reader.manifests().legacy_endpoints;
  const Node subsets = fields[kEndpointsObjectKeys["subsets"]];
  if (!reader.mappings(subsets)) return;
  for (const Node subset_node : subsets) {
    const FieldValues subset(reader, subset_node, kSubsetKeys);
    // Endpoints has one list for both families; each gets a slice of its own.
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
      const std::size_t first_endpoint = tables.endpoints.size();
      const std::size_t first_port = tables.ports.size();
      for (const bool ready : {true, false}) {
        const Node list = subset[ready ? kSubsetKeys["addresses"] : kSubsetKeys["notReadyAddresses"]];
        if (!reader.mappings(list)) continue;
        for (const Node node : list) {
          const FieldValues address(reader, node, kAddressKeys);
          const Node stated = address[kAddressKeys["ip"]];
          const std::string_view pod = target_pod(reader, address[kAddressKeys["targetRef"]]);
          const bool masked = is_masked(stated.text());
          if (masked && family != IpFamily::V4) continue;
          const auto ip = reader.ip(stated);
          if (!masked && (!ip || ip->family() != family)) continue;
          tables.endpoints.push_back({.address = masked ? reader.made_up_address(family) : *ip,
                                      .made_up = masked,
                                      .pod = pod,
                                      .node = reader.text(address[kAddressKeys["nodeName"]]),
                                      .ready = ready,
                                      .serving = ready});
        }
      }
      if (tables.endpoints.size() == first_endpoint) continue;
      read_ports(reader, subset[kSubsetKeys["ports"]], tables);
      close(tables, {.ns = meta->ns, .service = meta->name, .family = family, .mark = meta->mark}, first_endpoint,
            first_port);
    }
  }
}

}  // namespace knetsim
