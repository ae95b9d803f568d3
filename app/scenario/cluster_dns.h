#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/scenario/call_graph.h"
#include "app/scenario/dns_keys.h"
#include "app/scenario/target_lookup.h"
#include "models/dns/cluster_zone.h"
#include "models/dns/lookup_plan.h"

namespace knetsim {

/// The name servers of a call graph: the application that CoreDNS is, and the edges over which names are looked up.
///
/// A look-up is an edge of its own, "browse > DNS", whose script asks questions over another one, "browse > DNS question",
/// to the cluster's DNS Service like any other datagram.
class ClusterDns {
 public:
  /// References outlive this.
  ClusterDns(const Scenario& scenario, const Cluster& cluster, TargetLookup& lookup, CallGraph& graph,
             Diagnostics& diagnostics);

  struct Asked {
    std::string by;                     ///< Name of the edge whose clients look up.
    std::string_view name;              ///< As they have it.
    std::span<const PodIndex> clients;  ///< Not empty.
    const NameKeys& keys;
    Node at;  ///< Where the name is stated.
  };
  /// The edge of the look-up; kNoIndex after an error. One whose name is not there fails, with a notice.
  EdgeIndex add_lookup(const Asked& asked);
  /// The edge of a look-up that a source makes by itself, in place of a request.
  std::optional<EdgeIndex> add_source(const Asked& asked, Duration timeout, const RetryPolicy& retries);
  /// Adds the application, where somebody looks names up: behind all others, when all edges are there.
  void add_server();

 private:
  std::optional<LookupIndex> plan(const Asked& asked, ResolvConf& conf);
  std::optional<ResolvConf> resolver_of(const Asked& asked) const;
  std::optional<EdgeTarget> server_target(Node at);
  std::optional<EdgeTarget> cache_target(Node at);
  bool has_upstream_service() const;
  std::vector<std::string> addresses() const;
  void tell_left_out(const Asked& asked, const ResolvConf& conf);
  void tell_near_name(const Asked& asked);
  void tell_idle();
  void serve(std::span<const Endpoint> endpoints, AppIndex app);
  void add_node_caches();
  EdgeIndex add_search(const Asked& asked, std::string name, LookupIndex lookup, const ResolvConf& conf,
                       const EdgeTarget& target);
  QuestionIndex question(const NameQuery& query);
  Duration kept(const NameQuery& query) const;
  LookupRound round_of(const QueryRound& round);

  const Scenario& scenario_;
  const ClusterDnsKeys& keys_;
  const Cluster& cluster_;
  TargetLookup& lookup_;
  CallGraph& graph_;
  Diagnostics& diagnostics_;
  std::optional<ClusterZone> zone_;   // once somebody asks; likewise
  std::optional<EdgeTarget> target_;  // of questions; once somebody asks
  std::optional<EdgeTarget> core_;    // CoreDNS, where that is another ...
  std::string core_name_;             // ... and the Service at which it is asked then
  bool told_missing_ = false;
  std::set<std::string> told_;  // notices that several edges would have
  std::map<std::string, QuestionIndex> questions_;
};

}  // namespace knetsim
