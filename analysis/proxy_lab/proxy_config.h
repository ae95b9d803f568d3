#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/lab/sockets.h"
#include "analysis/proxy_lab/proxy_case.h"

namespace knetsim::lab {

/// What a proxy of the lab is configured with.
struct ProxySetup {
  std::filesystem::path folder;  ///< Of the certificates (certificate_file()), and for the proxy's own files.
  SocketAddress upstream{};
  std::uint16_t first_port = 8000;  ///< Of the first listener; the others follow.
  std::vector<ProxyListener> listeners;

  std::uint16_t port_of(const ProxyListener& listener) const;
};

/// Key and certificate, of which each proxy takes what it wants.
std::filesystem::path certificate_file(const std::filesystem::path& folder, TlsKey key);

/// nginx as ingress-nginx configures it where nobody says otherwise, of one worker: unbuffered answers, HTTP/1.1 and 320 kept connections
/// to the upstream where these are kept, HTTP/1.0 and none where not.
/// @source kubernetes/ingress-nginx docs/user-guide/nginx-configuration/configmap.md (proxy-buffering, proxy-buffer-size,
///         upstream-keepalive-connections, upstream-keepalive-requests, keep-alive-requests), rootfs/etc/nginx/template/nginx.tmpl.
std::string nginx_configuration(const ProxySetup& setup);

/// haproxy of one thread with its defaults: a map from hosts to backends, `http-reuse safe` where upstream connections
/// are kept, `option http-server-close` where not.
/// @source docs.haproxy.org, configuration manual of 2.6, sections 4.2 and 5.2.
std::string haproxy_configuration(const ProxySetup& setup);
/// The map that haproxy_configuration() names, of so many hosts.
std::string haproxy_map(std::uint32_t hosts);
std::filesystem::path haproxy_map_file(const std::filesystem::path& folder, std::uint32_t hosts);

}  // namespace knetsim::lab
