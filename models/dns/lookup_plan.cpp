#include "models/dns/lookup_plan.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "models/dns/message_size.h"

namespace knetsim {
namespace {

/// @param as_it_is  The name as it was given. Below a search domain that is not the cluster's there is none.
QueryRound round_for(const std::string& name, bool as_it_is, bool no_aaaa, const ClusterZone& zone,
                     const LookupOptions& options) {
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
    if (known.answer != Answer::Records || round.found) return;
    round.found = true;
    round.found_by = static_cast<std::uint8_t>(round.queries.size() - 1);
  };
  using Records = LookupOptions::Records;
  ask(options.records == Records::Srv ? RecordType::Srv : RecordType::A);
  if (options.records == Records::Host && !no_aaaa) ask(RecordType::Aaaa);
  return round;
}

/// Whether a resolver stops at a round in which it found nothing.
bool ends_search(const QueryRound& round, Libc libc) {
  return libc == Libc::Musl && round.queries.front().answer == Answer::NoData;
}

/// The server's answer to the first question stands for that to the last: an alias from the one name to the other.
/// @param rounds  Those of the whole look-up.
void follow_on_the_server(std::span<QueryRound> rounds) {
  QueryRound last = rounds.back();
  const std::string asked = rounds.front().queries.front().name;
  bool forwarded = false;
  for (const QueryRound& round : rounds) forwarded = forwarded || round.queries.front().forwarded;
  for (NameQuery& query : last.queries) {
    query.reply = alias_answer_bytes(asked, query.name, query.answer == Answer::Records ? 1 : 0);
    query.name = asked;
    query.query = query_bytes(asked);
    query.forwarded = forwarded;
    query.in_cluster = true;
  }
  rounds.front() = std::move(last);
}

/// The names that are tried, in order, and where the name as it is stands among them beside the search list.
struct Tried {
  std::vector<std::string> names;
  bool first_as_it_is = false;
  bool last_as_it_is = false;
};

Tried tried(std::string_view name, const ResolvConf& conf, Libc libc) {
  if (name.ends_with('.')) return {.names = {std::string(name.substr(0, name.size() - 1))}, .first_as_it_is = true};
  Tried all;
  const auto dots = static_cast<std::uint32_t>(std::ranges::count(name, '.'));
  all.first_as_it_is = dots >= conf.ndots;
  all.last_as_it_is = !all.first_as_it_is;
  if (all.first_as_it_is) all.names.emplace_back(name);
  if (!all.first_as_it_is || libc == Libc::Glibc) {
    for (const std::string& domain : conf.search) {
      if (domain == "." && libc == Libc::Glibc) all.last_as_it_is = false;
      all.names.push_back(domain == "." ? std::string(name) : std::string(name) + "." + domain);
    }
  }
  if (all.last_as_it_is) all.names.emplace_back(name);
  return all;
}

}  // namespace

std::size_t LookupPlan::queries() const {
  std::size_t count = 0;
  for (const QueryRound& round : rounds) count += round.queries.size();
  return count;
}

std::vector<std::string> tried_names(std::string_view name, const ResolvConf& conf, Libc libc) {
  return tried(name, conf, libc).names;
}

LookupPlan lookup_plan(std::string_view name, const ResolvConf& conf, const ClusterZone& zone,
                       const LookupOptions& options) {
  const std::string_view as_it_is = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  const Tried all = tried(name, conf, options.libc);
  std::vector<QueryRound> rounds;
  std::size_t asked = 0;  // of them, where all are answered
  for (const std::string& one : all.names) {
    rounds.push_back(round_for(one, one == as_it_is, conf.no_aaaa, zone, options));
    if (asked == 0 && (rounds.back().found || ends_search(rounds.back(), options.libc))) asked = rounds.size();
  }
  if (asked == 0) asked = rounds.size();
  const bool searches = !all.first_as_it_is && rounds.size() > 1 && rounds.front().queries.front().in_cluster;
  if (options.autopath && searches && asked > 1 && rounds[asked - 1].found) {
    follow_on_the_server(std::span(rounds).first(asked));
    asked = 1;
  }
  LookupPlan plan;
  if (options.libc == Libc::Glibc) {
    const auto last = static_cast<std::uint16_t>(rounds.size() - 1);
    for (std::uint16_t i = 0; i < last && all.last_as_it_is; ++i) rounds[i].after_failure = last;
    if (last > 0 && all.first_as_it_is) rounds[0].after_failure = rounds[0].after_refusal = 1;
    plan.further.assign(std::make_move_iterator(rounds.begin() + static_cast<std::ptrdiff_t>(asked)),
                        std::make_move_iterator(rounds.end()));
  }
  rounds.resize(asked);
  plan.rounds = std::move(rounds);
  return plan;
}

}  // namespace knetsim
