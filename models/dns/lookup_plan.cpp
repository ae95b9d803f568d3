#include "models/dns/lookup_plan.h"

#include <algorithm>

#include "models/dns/message_size.h"

namespace knetsim {
namespace {

/// @param as_it_is  The name as it was given. Below a search domain that is not the cluster's there is none.
QueryRound round_for(const std::string& name, bool as_it_is, const ClusterZone& zone, const LookupOptions& options) {
  QueryRound round;
  const auto ask = [&](RecordType type) {
    const ZoneAnswer known = as_it_is || zone.holds(name) ? zone.answer(name, type) : zone.unknown(name);
    round.queries.push_back({.name = name,
                             .type = type,
                             .answer = known.answer,
                             .forwarded = known.forwarded,
                             .in_cluster = zone.holds(name),
                             .query = query_bytes(name),
                             .reply = known.bytes});
    round.found = round.found || known.answer == Answer::Records;
  };
  using Records = LookupOptions::Records;
  ask(options.records == Records::Srv ? RecordType::Srv : RecordType::A);
  if (options.records == Records::Host) ask(RecordType::Aaaa);
  return round;
}

/// Whether a resolver stops at a round in which it found nothing.
bool ends_search(const QueryRound& round, Libc libc) {
  return libc == Libc::Musl && round.queries.front().answer == Answer::NoData;
}

/// The server's answer to the first question stands for that to the last: an alias from the one name to the other.
void follow_on_the_server(LookupPlan& plan) {
  QueryRound last = plan.rounds.back();
  const std::string asked = plan.rounds.front().queries.front().name;
  bool forwarded = false;
  for (const QueryRound& round : plan.rounds) forwarded = forwarded || round.queries.front().forwarded;
  for (NameQuery& query : last.queries) {
    query.reply = alias_answer_bytes(asked, query.name, query.answer == Answer::Records ? 1 : 0);
    query.name = asked;
    query.query = query_bytes(asked);
    query.forwarded = forwarded;
    query.in_cluster = true;
  }
  plan.rounds = {std::move(last)};
}

}  // namespace

std::size_t LookupPlan::queries() const {
  std::size_t count = 0;
  for (const QueryRound& round : rounds) count += round.queries.size();
  return count;
}

std::vector<std::string> tried_names(std::string_view name, const ResolvConf& conf, Libc libc) {
  if (name.ends_with('.')) return {std::string(name.substr(0, name.size() - 1))};
  const auto dots = static_cast<std::uint32_t>(std::ranges::count(name, '.'));
  const bool whole = dots >= conf.ndots;
  std::vector<std::string> names;
  if (whole) names.emplace_back(name);
  if (!whole || libc == Libc::Glibc) {
    for (const std::string& domain : conf.search) {
      names.push_back(domain == "." ? std::string(name) : std::string(name) + "." + domain);
    }
  }
  if (!whole) names.emplace_back(name);
  return names;
}

LookupPlan lookup_plan(std::string_view name, const ResolvConf& conf, const ClusterZone& zone,
                       const LookupOptions& options) {
  LookupPlan plan;
  const std::string_view as_it_is = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  const std::vector<std::string> names = tried_names(name, conf, options.libc);
  for (const std::string& one : names) {
    plan.rounds.push_back(round_for(one, one == as_it_is, zone, options));
    if (plan.rounds.back().found || ends_search(plan.rounds.back(), options.libc)) break;
  }
  const std::string& first = plan.rounds.front().queries.front().name;
  const bool searches = first != names.back() && names.size() > 1 && zone.holds(first);
  if (options.autopath && searches && plan.rounds.size() > 1 && plan.found()) follow_on_the_server(plan);
  if (options.libc == Libc::Glibc && searches) plan.after_failure = round_for(names.back(), true, zone, options);
  return plan;
}

}  // namespace knetsim
