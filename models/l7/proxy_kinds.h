#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "models/control/config_updates.h"
#include "models/workload/connection_policy.h"
#include "models/workload/request_balancer.h"
#include "models/workload/retry.h"

namespace knetsim {

/// A proxy that ends connections, reads requests and passes them on, as the controllers of Ingresses run it: what it does
/// where nobody configures it otherwise. Adding one is a line in proxy_kinds.cpp, and its cost in the profiles.
struct ProxyKind {
  std::string_view name;  ///< As in scenarios, and in the section `proxies` of cost profiles.
  std::string_view summary;
  std::string_view source;
  std::vector<std::string_view>
      controllers;  ///< spec.controller of IngressClasses that it serves; the first is its own.
  std::vector<std::string_view> gateway_controllers;  ///< spec.controllerName of GatewayClasses, likewise.
  /// Values of the label app.kubernetes.io/name, or app, that its pods carry.
  std::vector<std::string_view> pod_names;
  std::string_view class_name;  ///< Of the old annotation, and of a class that is made.
  /// It is the cloud's and stands outside of the cluster: it has no pods, its paths may end in a wildcard, and nobody in the
  /// cluster pays for its work.
  bool outside = false;
  std::string_view pods_asked_by{};  ///< Of one outside: the annotation that has it ask pods instead of node ports.
  Balancing balancing = Balancing::RoundRobin;
  ConnectionPolicy upstream{};  ///< To each endpoint.
  /// Requests at a time on a connection to an endpoint that speaks HTTP/2 (gRPC).
  std::uint32_t upstream_streams = 1;
  Bytes relay_bytes{};           ///< It reads and hands on an answer in pieces of these; none: as it comes.
  ConfigUpdatePolicy updates{};  ///< How it learns of endpoints that have changed.
  RetryPolicy retries{};         ///< Of requests that found no server.
  Duration upstream_timeout = std::chrono::seconds(60);
};

std::span<const ProxyKind> proxy_kinds();
/// nullptr for an unknown name; likewise
const ProxyKind* proxy_kind_named(std::string_view name);
/// By the controller that an IngressClass or a GatewayClass names.
const ProxyKind* proxy_kind_of_controller(std::string_view controller);

}  // namespace knetsim
