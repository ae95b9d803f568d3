#include "analysis/proxy_lab/proxy_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim::lab {
namespace {

constexpr const char* kNginxHead = R"(daemon off;
master_process off;
worker_processes 1;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server_names_hash_max_size 16384;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  tcp_nodelay on;
  proxy_buffering off;
  proxy_buffer_size 4k;
  proxy_buffers 4 4k;
  ssl_session_cache shared:lab:10m;
  ssl_session_tickets on;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;
  upstream kept {{
    server {upstream};
    keepalive 320;
    keepalive_requests 10000;
    keepalive_timeout 60s;
  }}
  upstream each {{ server {upstream}; }}
)";

constexpr const char* kHaproxyHead = R"(global
  nbthread 1
  maxconn 4096
  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
backend kept
  http-reuse safe
  server one {upstream}
backend each
  option http-server-close
  server one {upstream}
)";

std::string address_text(const SocketAddress& at) { return fmt::format("{}:{}", to_text(at.address), at.port); }

const char* version_text(TlsVersion version) { return version == TlsVersion::Tls13 ? "TLSv1.3" : "TLSv1.2"; }

std::string nginx_server(const ProxySetup& setup, const ProxyListener& listener, std::uint32_t host) {
  std::string text = fmt::format("  server {{\n    listen {}{};\n    server_name {};\n", setup.port_of(listener),
                                 listener.tls ? " ssl" : "", host_name(host));
  if (listener.tls) {
    const std::string file = certificate_file(setup.folder, listener.tls->key).string();
    text += fmt::format("    ssl_protocols {};\n    ssl_certificate {};\n    ssl_certificate_key {};\n",
                        version_text(listener.tls->version), file, file);
  }
  const char* to_upstream = listener.upstream_kept
                                ? "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_pass http://kept;"
                                : "proxy_http_version 1.0; proxy_pass http://each;";
  return text + fmt::format("    location / {{ proxy_set_header Host $host; {} }}\n  }}\n", to_upstream);
}

}  // namespace

std::uint16_t ProxySetup::port_of(const ProxyListener& listener) const {
  const auto found = std::ranges::find(listeners, listener);
  return static_cast<std::uint16_t>(first_port + (found - listeners.begin()));
}

std::filesystem::path certificate_file(const std::filesystem::path& folder, TlsKey key) {
  return folder / (key == TlsKey::P256 ? "p256.pem" : "rsa2048.pem");
}

std::string nginx_configuration(const ProxySetup& setup) {
  std::string text = fmt::format(fmt::runtime(kNginxHead), fmt::arg("folder", setup.folder.string()),
                                 fmt::arg("upstream", address_text(setup.upstream)));
  for (const ProxyListener& listener : setup.listeners) {
    for (std::uint32_t host = 1; host <= listener.hosts; ++host) text += nginx_server(setup, listener, host);
  }
  return text + "}\n";
}

std::filesystem::path haproxy_map_file(const std::filesystem::path& folder, std::uint32_t hosts) {
  return folder / fmt::format("hosts{}.map", hosts);
}

std::string haproxy_map(std::uint32_t hosts) {
  std::string text;
  for (std::uint32_t host = 1; host <= hosts; ++host) text += host_name(host) + " kept\n";
  return text;
}

std::string haproxy_configuration(const ProxySetup& setup) {
  std::string text = fmt::format(fmt::runtime(kHaproxyHead), fmt::arg("upstream", address_text(setup.upstream)));
  for (const ProxyListener& listener : setup.listeners) {
    const std::uint16_t port = setup.port_of(listener);
    std::string tls;
    if (listener.tls) {
      const char* version = version_text(listener.tls->version);
      tls = fmt::format(" ssl crt {} ssl-min-ver {} ssl-max-ver {}",
                        certificate_file(setup.folder, listener.tls->key).string(), version, version);
    }
    text += fmt::format("frontend at{}\n  bind :{}{}\n", port, port, tls);
    // A map's answer names the backend; where connections are not kept, the one that keeps none is asked all the same.
    text += fmt::format("  http-request set-var(txn.backend) req.hdr(host),lower,map({},none)\n",
                        haproxy_map_file(setup.folder, listener.hosts).string());
    text += listener.upstream_kept ? "  use_backend %[var(txn.backend)]\n"
                                   : "  use_backend each if { var(txn.backend) -m str kept }\n";
  }
  return text;
}

}  // namespace knetsim::lab
