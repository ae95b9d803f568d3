// Goal: a request finds the rule that Kubernetes says it is for. Method: the examples of the Ingress documentation
// ("Path types", "Hostname wildcards", "Multiple matches"), and URLs as clients write them.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "models/l7/http_routes.h"

namespace knetsim {
namespace {

bool takes(PathMatch match, std::string_view rule, std::string_view asked) {
  return takes_path({.path = rule, .match = match}, asked);
}

// kubernetes.io, Ingress, "Examples": the rows of the table, as kind, path, request and whether it matches.
TEST(HttpRoutes, PathsAreTakenAsTheDocumentationHasThem) {
  using enum PathMatch;
  EXPECT_TRUE(takes(Prefix, "/", "/any/path"));
  EXPECT_TRUE(takes(Exact, "/foo", "/foo"));
  EXPECT_FALSE(takes(Exact, "/foo", "/bar"));
  EXPECT_FALSE(takes(Exact, "/foo", "/foo/"));
  EXPECT_FALSE(takes(Exact, "/foo/", "/foo"));
  EXPECT_TRUE(takes(Prefix, "/foo", "/foo/"));
  EXPECT_TRUE(takes(Prefix, "/foo/", "/foo"));
  EXPECT_FALSE(takes(Prefix, "/aaa/bb", "/aaa/bbb"));
  EXPECT_TRUE(takes(Prefix, "/aaa/bbb", "/aaa/bbb"));
  EXPECT_TRUE(takes(Prefix, "/aaa/bbb/", "/aaa/bbb"));
  EXPECT_TRUE(takes(Prefix, "/aaa/bbb", "/aaa/bbb/"));
  EXPECT_TRUE(takes(Prefix, "/aaa/bbb", "/aaa/bbb/ccc"));
  EXPECT_FALSE(takes(Prefix, "/aaa/bbb", "/aaa/bbbxyz"));
  EXPECT_FALSE(takes(Prefix, "/aaa", "/ccc"));
}

TEST(HttpRoutes, AWildcardIsOneLabelMore) {
  EXPECT_TRUE(takes_host("*.foo.com", "bar.foo.com"));
  EXPECT_FALSE(takes_host("*.foo.com", "baz.bar.foo.com"));
  EXPECT_FALSE(takes_host("*.foo.com", "foo.com"));
  EXPECT_TRUE(takes_host("Shop.Example", "shop.example"));
  EXPECT_TRUE(takes_host("", "anything.example"));
}

TEST(HttpRoutes, AWildcardOfTheGatewayApiIsOneLabelOrMore) {
  EXPECT_TRUE(takes_host("*.foo.com", "baz.bar.foo.com", Wildcard::Any));
  EXPECT_TRUE(takes_host("*.foo.com", "bar.foo.com", Wildcard::Any));
  EXPECT_FALSE(takes_host("*.foo.com", "foo.com", Wildcard::Any));
  EXPECT_FALSE(takes_host("*.foo.com", "barfoo.com", Wildcard::Any));
}

/// The rule of each line, "ingress host path kind", that a request is for, by its place; -1: none.
int chosen(const std::vector<HttpRoutes>& ingresses, std::string_view host, std::string_view path) {
  std::vector<RoutedRule> rules;
  for (const HttpRoutes& routes : ingresses) {
    for (const HttpRule& rule : routes.rules) rules.push_back({&routes, &rule});
  }
  const auto found = route(rules, host, path);
  if (!found) return -1;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].rule == found->rule) return static_cast<int>(i);
  }
  return -2;
}

TEST(HttpRoutes, TheMoreExactHostAndTheLongerPathGoFirst) {
  using enum PathMatch;
  const std::vector<HttpRoutes> ingresses = {
      {.kind = "Ingress",
       .name = "a",
       .rules = {{.host = "shop.example", .path = "/", .match = Prefix},
                 {.host = "shop.example", .path = "/cart", .match = Prefix},
                 {.host = "shop.example", .path = "/cart", .match = Exact},
                 {.host = "*.example", .path = "/cart/pay", .match = Prefix},
                 {}}},
      {.kind = "Ingress", .name = "b", .rules = {{.host = "blog.example", .path = "/posts", .match = Prefix}, {}}}};
  EXPECT_EQ(chosen(ingresses, "shop.example", "/"), 0);
  EXPECT_EQ(chosen(ingresses, "shop.example", "/cart"), 2) << "exact before prefix";
  EXPECT_EQ(chosen(ingresses, "shop.example", "/cart/pay"), 1) << "the exact host before the wildcard's longer path";
  EXPECT_EQ(chosen(ingresses, "pay.example", "/cart/pay/now"), 3);
  EXPECT_EQ(chosen(ingresses, "blog.example", "/about"), 6) << "the default backend of the Ingress that has the host";
  EXPECT_EQ(chosen(ingresses, "elsewhere.test", "/"), 4);
}

TEST(HttpRoutes, OneHostAndPathOfTwoIngressesIsAClash) {
  const HttpRoutes a{.name = "a", .rules = {{.host = "shop.example", .path = "/cart"}}};
  const HttpRoutes b{.name = "b",
                     .rules = {{.host = "SHOP.example", .path = "/cart"}, {.host = "shop.example", .path = "/"}}};
  const std::vector<RoutedRule> rules = {{&a, &a.rules[0]}, {&b, &b.rules[0]}, {&b, &b.rules[1]}};
  const auto found = clashes(rules);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].second.routes, &b);
}

TEST(HttpRoutes, UrlsAreRead) {
  const auto url = parse_url("https://Shop.example:8443/cart/pay?x=1#top");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->https);
  EXPECT_EQ(url->host, "shop.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/cart/pay");
  EXPECT_EQ(parse_url("http://a.b")->port, 80);
  EXPECT_EQ(parse_url("https://a.b")->path, "/");
  EXPECT_EQ(parse_url("https://a.b?q")->path, "/");
  for (const char* wrong : {"shop.example", "ftp://a.b/", "http:///x", "http://a b/", "http://a:x/", "http://a:0/",
                            "http://a:99999/", "https://"}) {
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  }
}

// "/cart/*" of a URL map is what begins with "/cart/"; without a star the path is a whole one. Prefix is as ever.
TEST(HttpRoutes, PathsOfCloudsMayEndInAWildcard) {
  const auto takes = [](const char* rule, const char* asked, PathMatch match = PathMatch::ImplementationSpecific) {
    return takes_path({.path = rule, .match = match}, asked, true);
  };
  EXPECT_TRUE(takes("/*", "/"));
  EXPECT_TRUE(takes("/*", "/cart"));
  EXPECT_TRUE(takes("/cart/*", "/cart/1"));
  EXPECT_FALSE(takes("/cart/*", "/cart"));
  EXPECT_FALSE(takes("/cart/*", "/carts/1"));
  EXPECT_TRUE(takes("/cart", "/cart"));
  EXPECT_FALSE(takes("/cart", "/cart/1"));
  EXPECT_TRUE(takes("/cart", "/cart/1", PathMatch::Prefix));
  EXPECT_TRUE(takes("", "/anything"));
}

}  // namespace
}  // namespace knetsim
