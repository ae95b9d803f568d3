#include "models/l7/proxy_kinds.h"

#include <algorithm>
#include <array>

namespace knetsim {
namespace {

using std::chrono::seconds;

/// What Envoy asks of its peers where nobody says: more than there will be.
constexpr std::uint32_t kEnvoyStreams = 2'147'483'647;

/// The most that "--sync-rate-limit 0.3" lets through, with a bucket of one.
constexpr Duration kNginxSync = std::chrono::duration_cast<Duration>(seconds(10)) / 3;

}  // namespace

std::span<const ProxyKind> proxy_kinds() {
  static const std::array<ProxyKind, 6> kinds = {{
      {.name = "nginx",
       .summary = "ingress-nginx: requests in turn over the endpoints, 320 idle connections for 60 s, two more tries",
       .source = "kubernetes/ingress-nginx docs/user-guide/nginx-configuration/configmap.md: load-balance round_robin, "
                 "upstream-keepalive-connections, -timeout, -requests, proxy-next-upstream, proxy-next-upstream-tries, "
                 "proxy-read-timeout, proxy-buffering off, proxy-buffer-size 4k; endpoints: "
                 "internal/ingress/controller/nginx.go, syncRateLimiter (a token bucket of one, "
                 "--sync-rate-limit 0.3), rootfs/etc/nginx/lua/balancer.lua, BACKENDS_SYNC_INTERVAL 1 s; "
                 "nginx src/http/modules/ngx_http_grpc_module.c (a request at a time on an upstream connection)",
       .controllers = {"k8s.io/ingress-nginx", "nginx.org/ingress-controller"},
       .gateway_controllers = {"gateway.nginx.org/nginx-gateway-controller"},
       .pod_names = {"ingress-nginx", "nginx-ingress"},
       .class_name = "nginx",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 10'000, .idle_timeout = seconds(60)},
       .relay_bytes = Bytes(4'096),
       .updates = {.min_interval = kNginxSync, .poll = seconds(1)},
       .retries = {.attempts = 2, .failures = true},
       .upstream_timeout = seconds(60)},
      {.name = "haproxy",
       .summary = "haproxy: requests in turn over the endpoints, idle connections for 5 s, three more tries",
       .source =
           "docs.haproxy.org, configuration: balance roundrobin, http-reuse safe, pool-purge-delay 5s, retries 3; "
           "haproxytech/kubernetes-ingress documentation: timeout-server 50s; endpoints at once by the runtime socket: "
           "pkg/controller/monitor.go, SyncData; tune.h2.be.max-concurrent-streams 100, "
           "tune.bufsize 16384 less tune.maxrewrite 1024",
       .controllers = {"haproxy.org/ingress-controller/haproxy", "haproxy.org/ingress-controller",
                       "haproxy-ingress.github.io/controller"},
       .gateway_controllers = {"haproxy-ingress.github.io/controller"},
       .pod_names = {"kubernetes-ingress", "haproxy-ingress"},
       .class_name = "haproxy",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 0, .idle_timeout = seconds(5)},
       .upstream_streams = 100,
       .relay_bytes = Bytes(16'384 - 1'024),
       .retries = {.attempts = 3, .failures = true},
       .upstream_timeout = seconds(50)},
      {.name = "envoy",
       .summary = "Envoy behind Contour: requests in turn over the endpoints, idle connections for an hour, no retries",
       .source =
           "envoyproxy.io: cluster.v3 lb_policy ROUND_ROBIN; \"How do I configure timeouts\": idle 1 h, route 15 s; "
           "projectcontour.io, HTTPProxy: no retry policy by default; endpoints at once: projectcontour/contour "
           "internal/xdscache/v3/endpointslicetranslator.go; core.v3.Http2ProtocolOptions, max_concurrent_streams",
       .controllers = {"projectcontour.io/ingress-controller"},
       .gateway_controllers = {"gateway.envoyproxy.io/gatewayclass-controller", "projectcontour.io/gateway-controller"},
       .pod_names = {"contour", "envoy"},
       .class_name = "contour",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 0, .idle_timeout = seconds(3'600)},
       .upstream_streams = kEnvoyStreams,
       .retries = {},
       .upstream_timeout = seconds(15)},
      {.name = "traefik",
       .summary = "Traefik: requests in turn over the endpoints, idle connections for 90 s, no retries",
       .source = "doc.traefik.io, ServersTransport: idleConnTimeout 90s, responseHeaderTimeout none; round robin; "
                 "providersThrottleDuration 2s; golang/net http2/transport.go, defaultMaxConcurrentStreams; "
                 "traefik/traefik pkg/proxy/httputil/bufferpool.go, 32 kB",
       .controllers = {"traefik.io/ingress-controller"},
       .gateway_controllers = {"traefik.io/gateway-controller"},
       .pod_names = {"traefik"},
       .class_name = "traefik",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 0, .idle_timeout = seconds(90)},
       .upstream_streams = 1'000,
       .relay_bytes = Bytes(32'768),
       .updates = {.min_interval = seconds(2)},
       .retries = {},
       .upstream_timeout = seconds(60)},
      {.name = "gce",
       .summary =
           "Google's, outside of the cluster: node ports, or pods of Services with a NEG; idle connections for 600 s",
       .source = "cloud.google.com, HTTP(S) load balancing: backend keepalive 600 s, backend service timeout 30 s; "
                 "kubernetes/ingress-gce: Services of type NodePort or LoadBalancer, or cloud.google.com/neg",
       .controllers = {"cluster.ingress/gce"},  // GKE has no IngressClass: the annotation alone chooses it
       .gateway_controllers = {"networking.gke.io/gateway"},
       .pod_names = {},
       .class_name = "gce",
       .outside = true,
       .pods_asked_by = R"(cloud.google.com/neg: '{"ingress": true}')",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 0, .idle_timeout = seconds(600)},
       .retries = {},
       .upstream_timeout = seconds(30)},
      {.name = "aws",
       .summary = "AWS' Application Load Balancer, outside of the cluster: node ports, or pods with target-type ip",
       .source = "kubernetes-sigs/aws-load-balancer-controller docs/guide/ingress/annotations.md: target-type; "
                 "ingress_class.md: ingress.k8s.aws/alb; AWS, Application Load Balancers: idle timeout 60 s",
       .controllers = {"ingress.k8s.aws/alb"},
       .gateway_controllers = {"gateway.k8s.aws/alb"},
       .pod_names = {},
       .class_name = "alb",
       .outside = true,
       .pods_asked_by = "alb.ingress.kubernetes.io/target-type: ip",
       .balancing = Balancing::RoundRobin,
       .upstream = {.requests = 0, .idle_timeout = seconds(60)},
       .retries = {},
       .upstream_timeout = seconds(60)},
  }};
  return kinds;
}

const ProxyKind* proxy_kind_named(std::string_view name) {
  const auto found = std::ranges::find(proxy_kinds(), name, &ProxyKind::name);
  return found == proxy_kinds().end() ? nullptr : &*found;
}

const ProxyKind* proxy_kind_of_controller(std::string_view controller) {
  const auto found = std::ranges::find_if(proxy_kinds(), [&](const ProxyKind& kind) {
    return std::ranges::find(kind.controllers, controller) != kind.controllers.end() ||
           std::ranges::find(kind.gateway_controllers, controller) != kind.gateway_controllers.end();
  });
  return found == proxy_kinds().end() ? nullptr : &*found;
}

}  // namespace knetsim
