// Goal: the proxies are configured as is said of them. Method: the lines that nginx and haproxy document for it.

#include "analysis/proxy_lab/proxy_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knetsim::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProxySetup setup(const ProxyListener& listener) {
  return {.folder = "/lab", .upstream = {ipv4(10, 244, 1, 3), 8080}, .first_port = 8000, .listeners = {listener}};
}

TEST(ProxyConfig, NginxKeepsItsUpstreamConnectionsOrDoesNot) {
  const std::string kept = nginx_configuration(setup({}));
  EXPECT_THAT(kept, HasSubstr("keepalive 320;"));
  EXPECT_THAT(kept, HasSubstr("proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_pass http://kept;"));
  const std::string each = nginx_configuration(setup({.upstream_kept = false}));
  EXPECT_THAT(each, HasSubstr("proxy_http_version 1.0; proxy_pass http://each;"));
  EXPECT_THAT(each, Not(HasSubstr("proxy_pass http://kept;")));
}

TEST(ProxyConfig, NginxEndsTheVersionThatIsWanted) {
  const std::string text = nginx_configuration(setup({.tls = LabTls{TlsVersion::Tls12, TlsKey::Rsa2048}}));
  EXPECT_THAT(text, HasSubstr("listen 8000 ssl;"));
  EXPECT_THAT(text, HasSubstr("ssl_protocols TLSv1.2;"));
  EXPECT_THAT(text, HasSubstr("ssl_certificate /lab/rsa2048.pem;"));
}

TEST(ProxyConfig, EveryHostHasARule) {
  const std::string text = nginx_configuration(setup({.hosts = 3}));
  for (const char* host : {"shop1.example", "shop2.example", "shop3.example"})
    EXPECT_THAT(text, HasSubstr(std::string("server_name ") + host + ";"));
  EXPECT_EQ(haproxy_map(2), "shop1.example kept\nshop2.example kept\n");
}

TEST(ProxyConfig, HaproxyDoesLikewise) {
  EXPECT_THAT(haproxy_configuration(setup({})), HasSubstr("  use_backend %[var(txn.backend)]\n"));
  const std::string each = haproxy_configuration(setup({.tls = LabTls{}, .upstream_kept = false}));
  EXPECT_THAT(each, HasSubstr("use_backend each"));
  EXPECT_THAT(each, HasSubstr("bind :8000 ssl crt /lab/p256.pem ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3"));
}

}  // namespace
}  // namespace knetsim::lab
