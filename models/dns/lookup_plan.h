#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/dns/cluster_zone.h"
#include "models/dns/resolv_conf.h"

namespace knetsim {

/// One question to a server, and what the server says.
struct NameQuery {
  std::string name;  ///< Whole, without a dot at its end.
  RecordType type = RecordType::A;
  Answer answer = Answer::NxDomain;
  bool forwarded = false;  ///< ZoneAnswer::forwarded
  bool in_cluster = true;  ///< The name is one of the cluster's zone.
  Bytes query{};           ///< Of the messages, without UDP's header and what is below it.
  Bytes reply{};
};

/// The questions for one name that are asked together.
struct QueryRound {
  std::vector<NameQuery> queries;
  bool found = false;         ///< One of them has records: the resolver asks no further.
  std::uint8_t found_by = 0;  ///< Place of the first that has.
  /// Place of the round, among all of the plan, that comes where no answer to this one came; nothing: the look-up fails.
  std::optional<std::uint16_t> after_failure;
  std::optional<std::uint16_t> after_refusal;  ///< The same where every server's port was closed (ECONNREFUSED).
};

/// What a resolver asks for a name, one round after the other, as long as every question is answered; and what it still
/// asks where one is not.
///
/// glibc tries the name as it is where a name of its search list was not answered, and nothing where nobody listens; where
/// the name as it is comes first and fails, in whatever way, it goes on to its search list. A server that reports a failure
/// of its own (SERVFAIL) leads to the next name of the list. musl ends with the first name that is not answered.
/// @source glibc 2.41 resolv/res_query.c, __res_context_search; musl 1.2.5 src/network/lookup_name.c, name_from_dns
struct LookupPlan {
  std::vector<QueryRound> rounds;   ///< Not empty; up to the one that ends the look-up where all are answered.
  std::vector<QueryRound> further;  ///< Behind them: the names that come after a failure alone, in order.

  bool found() const { return rounds.back().found; }
  std::size_t queries() const;
};

struct LookupOptions {
  Libc libc = Libc::Glibc;
  enum class Records : std::uint8_t { Host, A, Srv };
  Records records = Records::Host;  ///< Host: A and AAAA; of a resolver with no-aaaa, A.
  bool autopath = false;            ///< The server follows the search list itself (CoreDNS' plugin autopath).
};

/// The names that a resolver asks for, in order, until one of them is found: those below the search domains, and the name
/// as it is. One with a dot at its end is asked for as it is alone.
///
/// glibc asks for a name of at least `ndots` dots as it is first and searches then, musl does not search at all. The search
/// domain "." stands for the name as it is, which glibc does not ask for once more at the end.
/// @source glibc 2.41 resolv/res_query.c, __res_context_search; musl 1.2.5 src/network/lookup_name.c, name_from_dns_search.
std::vector<std::string> tried_names(std::string_view name, const ResolvConf& conf, Libc libc);

/// What is asked for a name and answered. A name that is there without records ends musl's search, not glibc's.
///
/// With autopath the first question below NAMESPACE.svc.DOMAIN is answered with what the whole list leads to: CoreDNS knows
/// the client's pod by its address, hence its search list.
/// @source coredns/coredns plugin/autopath/autopath.go
LookupPlan lookup_plan(std::string_view name, const ResolvConf& conf, const ClusterZone& zone,
                       const LookupOptions& options);

}  // namespace knetsim
