#include "models/cluster/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "models/cluster/name_rules.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

constexpr Keys kOwnerKeys({"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"});

/// 2.0 is written to JSON as 2 (encoding/json), so that the API server reads a whole number.
std::optional<std::int64_t> whole(std::optional<double> value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!value || *value != std::floor(*value) || *value > kExact || *value < -kExact) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

/// A plain number as kubectl passes it on: YAML 1.1's octal, hexadecimal and underscores resolved (goyaml.v2
/// resolve.go).
std::string as_json(Node node) {
  const std::string_view text = node.text();
  if (node.is_quoted()) return std::string(text);
  if (const auto integer = to_integer(text)) return std::to_string(*integer);
  std::string digits(text);
  std::erase(digits, '_');
  return to_double(digits) ? digits : std::string(text);
}

/// Could a plain scalar be anything but a text? Decided by its first character, to be quick about names.
bool may_be_number_or_bool(std::string_view text) {
  return !text.empty() && std::string_view("0123456789+-.tTfFyYnNoO").find(text.front()) != std::string_view::npos;
}

}  // namespace

bool is_masked(std::string_view text) {
  if (text == "0.0.0.0" || text == "::" || text == "255.255.255.255") return true;
  if (text.find_first_of("*#<>[]_?") != std::string_view::npos) return true;
  // "A.B.C.D", "10.1.2.N/24": four parts of which one is no number.
  const std::string_view address = text.substr(0, text.find('/'));
  if (std::ranges::count(address, '.') == 3 && address.find(':') == std::string_view::npos &&
      address.find_first_not_of("0123456789.") != std::string_view::npos) {
    return true;
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* word :
       {"x.x", ".x", "x.", "xx", "redact", "mask", "hidden", "remov", "anonym", "censor", "secret"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

bool is_masked_port(std::string_view text) {
  const std::size_t digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  const std::string_view rest = text.substr(digits);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool placeholder = digits > 0 && !rest.empty() && letter(rest.front()) &&
                           std::ranges::all_of(rest, [&](char c) { return c == rest.front(); });
  return placeholder || (digits < text.size() && is_masked(text));
}

void ObjectReader::error(Node node, std::string message, std::string accepted) {
  if (node.text().find("{{") != std::string_view::npos) {
    message += ": a template's, which is to be rendered first";
    accepted = "what the template makes: helm template CHART | knetsim validate -";
  } else if (node.text().find("${") != std::string_view::npos) {
    message += ": a variable, which is to be filled in first";
  }
  diagnostics_.error(node, std::move(message), std::move(accepted));
}

void ObjectReader::uses(Unmodelled feature, Node where) {
  if (feature == Unmodelled::kCount) return;
  Use& use = uses_[static_cast<std::size_t>(feature)];
  if (use.count++ == 0) use = {where.mark(), where.path(), where.document().label(), 1};
}

void ObjectReader::note_masked(Node node) {
  if (masked_.count++ == 0) masked_ = {node.mark(), node.path(), node.document().label(), 1};
}

void ObjectReader::note_masked_port(Node node) {
  if (masked_ports_.count++ == 0) masked_ports_ = {node.mark(), node.path(), node.document().label(), 1};
}

// 198.18.0.0/15 and 2001:2::/48 are set aside for benchmarks (RFC 2544, RFC 5180): no cluster has them.
IpAddress ObjectReader::made_up_address(IpFamily family) {
  const std::uint32_t number = ++made_up_;
  if (family == IpFamily::V4) return IpAddress::v4(0xc6120000 + (number & 0x1ffff));
  std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x00, 0x02};
  for (std::size_t i = 0; i < 4; ++i) bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i) & 0xffU);
  return IpAddress::v6(bytes);
}

void ObjectReader::tell_unmodelled() {
  const auto tell = [this](Use& use, std::string message, bool unsupported) {
    if (use.count == 0) return;
    if (use.count > 1) message += fmt::format(" ({} times, first here)", use.count);
    Diagnostic diagnostic = Diagnostic::at(Severity::Notice, use.mark, use.path, std::move(message));
    diagnostic.object = use.object;
    diagnostic.unsupported = unsupported;
    diagnostics_.add(std::move(diagnostic));
    use = {};
  };
  for (const UnmodelledRow& row : unmodelled_rows()) {
    tell(uses_[static_cast<std::size_t>(row.feature)], fmt::format("{}: {}", row.name, row.consequence), true);
  }
  for (auto& [key, use] : unknown_keys_)
    tell(use, fmt::format("'{}' is no field that knetsim knows here; passed over", key), false);
  unknown_keys_.clear();
  tell(masked_, "this address is masked: one is made up", false);
  tell(masked_ports_, "this port is masked: one is made up", false);
}

void ObjectReader::wrong_kind(Node node, std::string_view expected) {
  error(node, fmt::format("{} where {} is expected", describe_found(node), expected));
}

bool ObjectReader::mapping(Node node) {
  if (node.is_mapping()) return true;
  if (node.exists() && !node.is_null()) wrong_kind(node, "a mapping");
  return false;
}

bool ObjectReader::sequence(Node node) {
  if (node.is_sequence()) return true;
  if (node.exists() && !node.is_null()) wrong_kind(node, "a list");
  return false;
}

bool ObjectReader::mappings(Node node) {
  if (!sequence(node)) return false;
  for (const Node entry : node) {
    if (entry.is_null()) error(entry, "an empty entry, where a mapping is expected");
  }
  return true;
}

void ObjectReader::unknown_key(Node key, std::span<const std::string_view> known) {
  const std::string_view text = key.text();
  if (const std::string_view near = nearest(text, known); !near.empty()) {
    error(key, fmt::format("unknown key '{}'; did you mean '{}'?", text, near));
    return;
  }
  auto found = unknown_keys_.find(text);
  if (found == unknown_keys_.end()) {
    found = unknown_keys_.emplace(std::string(text), Use{key.mark(), key.path(), key.document().label(), 0}).first;
  }
  ++found->second.count;
}

std::string_view ObjectReader::text(Node node) {
  if (!node.exists() || node.is_null()) return {};
  if (!node.is_scalar()) {
    wrong_kind(node, "a text");
    return {};
  }
  const std::string_view text = node.text();
  if (!node.is_quoted() && may_be_number_or_bool(text)) {
    const bool is_bool = to_bool(text).has_value();
    if (is_bool || to_double(text)) {
      error(node, fmt::format("{} reads as a {}, where a text is expected", text, is_bool ? "bool" : "number"),
            fmt::format("\"{}\", in quotes", text));
      return {};
    }
  }
  return intern(text);
}

std::optional<std::int64_t> ObjectReader::integer(Node node, IntegerRange range) {
  if (!node.exists() || node.is_null()) return std::nullopt;
  if (!node.is_scalar()) {
    wrong_kind(node, range.accepted);
    return std::nullopt;
  }
  std::optional<std::int64_t> value = to_integer(node.text());
  if (!value && !node.is_quoted()) value = whole(to_double(node.text()));
  if (!value) {
    error(node, fmt::format("{} is not a whole number", describe_found(node)), std::string(range.accepted));
    return std::nullopt;
  }
  if (node.is_quoted()) {
    error(node, fmt::format("\"{}\" is a text, where a number is expected", node.text()),
          fmt::format("{}, without quotes", node.text()));
    return std::nullopt;
  }
  if (*value < range.least || *value > range.most) {
    error(node, fmt::format("{} is out of range", *value), std::string(range.accepted));
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint16_t> ObjectReader::port(Node node) {
  const auto value = integer(node, {.least = 1, .most = 65535, .accepted = "a port number from 1 to 65535"});
  return value ? std::optional(static_cast<std::uint16_t>(*value)) : std::nullopt;
}

bool ObjectReader::boolean(Node node, bool fallback) {
  if (!node.exists() || node.is_null()) return fallback;
  const std::optional<bool> value = as_bool(node);
  if (!value && node.is_scalar() && to_bool(node.text())) {
    error(node, fmt::format("\"{}\" is a text, where true or false is expected", node.text()),
          fmt::format("{}, without quotes", node.text()));
  } else if (!value) {
    wrong_kind(node, "true or false");
  }
  return value.value_or(fallback);
}

std::optional<std::size_t> ObjectReader::choice(Node node, std::span<const std::string_view> allowed) {
  const std::string_view value = text(node);
  if (value.empty()) return std::nullopt;
  const auto found = std::ranges::find(allowed, value);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  error(node, fmt::format("unknown value '{}'{}", value, suggest(value, allowed)),
        fmt::format("{}", fmt::join(allowed, ", ")));
  return std::nullopt;
}

std::optional<std::size_t> ObjectReader::needed_choice(Node node, std::string_view name, Node holder,
                                                       std::span<const std::string_view> allowed) {
  const bool missing = is_absent(node) || (node.is_scalar() && node.text().empty());
  if (!missing) return choice(node, allowed);
  if (holder.is_mapping()) {
    error(holder, fmt::format("{} is missing", name), fmt::format("{}", fmt::join(allowed, ", ")));
  }
  return std::nullopt;
}

std::optional<Protocol> ObjectReader::protocol(Node node) {
  constexpr std::array<std::string_view, 3> kNames{"TCP", "UDP", "SCTP"};
  if (is_absent(node) || (node.is_scalar() && node.text().empty())) return Protocol::Tcp;
  const auto index = choice(node, kNames);
  if (!index) return std::nullopt;
  if (*index == 2) uses(Unmodelled::Sctp, node);
  return static_cast<Protocol>(*index);
}

std::optional<IpAddress> ObjectReader::ip(Node node) {
  if (!node.exists() || node.is_null()) return std::nullopt;
  const std::optional<IpAddress> address = parse_ip(node.text());
  if (is_masked(node.text())) {
    note_masked(node);
    return std::nullopt;
  }
  if (!address) error(node, fmt::format("'{}' is not an IP address", node.text().substr(0, 60)));
  return address;
}

std::vector<Label> ObjectReader::labels(Node node, bool check_values) {
  std::vector<Label> labels;
  if (!mapping(node)) return labels;
  const std::size_t size = node.size();
  labels.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const Node value = node[i];
    const std::string_view key = node.key(i).text();
    const std::string_view read = text(value);
    if (check_values && !is_qualified_name(key)) {
      error(node.key(i), fmt::format("'{}' is not a label key", key.substr(0, 80)), std::string(kQualifiedName));
    }
    if (check_values && !is_label_value(read)) {
      error(value, fmt::format("'{}' is not a label value", read.substr(0, 80)), std::string(kLabelValue));
    }
    labels.push_back({intern(key), read});
  }
  return labels;
}

std::optional<Quantity> ObjectReader::quantity(Node node) {
  if (!node.exists() || node.is_null()) return std::nullopt;
  if (!node.is_scalar()) {
    error(node, fmt::format("{} where a quantity is expected", describe_found(node)), std::string(kQuantityUnits));
    return std::nullopt;
  }
  try {
    const Quantity quantity = parse_quantity(as_json(node));
    if (quantity >= Quantity()) return quantity;
    error(node, fmt::format("{} is negative", node.text()), std::string(kQuantityUnits));
  } catch (const ValueError& failure) {
    error(node, failure.what(), failure.accepted());
  }
  return std::nullopt;
}

namespace {
// What one machine may have, and so what one container may ask for. Sums over all of a cluster fit into 64 bits.
constexpr std::int64_t kMostCpuMilli = 1'024'000;  // the engine's bound on the cores of a node
constexpr std::int64_t kMostMemoryBytes = std::int64_t{1} << 50U;
}  // namespace

StatedResources ObjectReader::resources(Node node, bool node_status) {
  constexpr std::array<std::string_view, 2> kNames{"cpu", "memory"};
  StatedResources resources;
  if (!mapping(node)) return resources;
  const std::size_t size = node.size();
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view name = node.key(i).text();
    if (name == "cpu") {
      const auto value = quantity(node[i]);
      if (value && value->milli_value() > kMostCpuMilli) {
        error(node[i], fmt::format("{} cores", node[i].text()), fmt::format("up to {} cores", kMostCpuMilli / 1000));
      } else if (value) {
        resources.cpu_milli = value->milli_value();
      }
    } else if (name == "memory") {
      const auto value = quantity(node[i]);
      if (!value) continue;
      if (value->value() > kMostMemoryBytes) {
        error(node[i], fmt::format("{} of memory", node[i].text()), "up to 1024Ti");
        continue;
      }
      resources.memory_bytes = value->value();
      if (node_status || value->value() >= 1024) continue;
      if (std::string doubt = memory_notice(as_json(node[i])); !doubt.empty()) notice(node[i], std::move(doubt));
    } else if (!node_status && name != "ephemeral-storage" && name != "storage") {
      // Any name with a domain, such as nvidia.com/gpu, is an extended resource; one without has to be known.
      const bool extended = name.find('/') != std::string_view::npos || name.starts_with("hugepages-");
      if (extended) {
        uses(Unmodelled::ExtendedResources, node[i]);
      } else {
        error(node.key(i), fmt::format("unknown resource '{}'{}", name, suggest(name, kNames)),
              "cpu, memory, ephemeral-storage, hugepages-<size>, or a name with a domain");
      }
    }
  }
  return resources;
}

void ObjectReader::begin_object() {
  starts_.emplace_back(manifests_);
  gone_.push_back(false);
}

void ObjectReader::forget_from(std::size_t object) {
  if (object >= starts_.size()) return;
  superseded_.add(starts_[object], TableSizes(manifests_));
  std::fill(gone_.begin() + static_cast<std::ptrdiff_t>(object), gone_.end(), true);
}

ObjectReader::Claim ObjectReader::claim_of(const ObjectMeta& service) const {
  return {object_label(service.kind, service.ns, service.name), starts_.size() - 1};
}

void ObjectReader::claim_cluster_ip(const IpAddress& ip, Node where, const ObjectMeta& service) {
  Claim claim = claim_of(service);
  const auto [owner, added] = cluster_ips_.try_emplace(ip, claim);
  if (added) return;
  if (gone_[owner->second.object]) {
    owner->second = std::move(claim);
  } else if (owner->second.label != claim.label) {
    error(where, fmt::format("{} is the address of {} already", to_string(ip), owner->second.label));
  }
}

void ObjectReader::claim_node_port(std::uint16_t port, Protocol protocol, Node where, const ObjectMeta& service) {
  Claim claim = claim_of(service);
  const auto [owner, added] = node_ports_.try_emplace({port, protocol}, claim);
  if (added) return;
  if (gone_[owner->second.object]) {
    owner->second = std::move(claim);
  } else {
    error(where, fmt::format("node port {}/{} belongs to {} already", port, to_string(protocol), owner->second.label));
  }
}

PodSpecIndex ObjectReader::add_spec(const OwnerReference& owner, std::string_view ns, PodSpec spec) {
  std::vector<PodSpec>& specs = cluster().pod_specs;
  const auto added = static_cast<PodSpecIndex>(specs.size());
  if (!owner.name.empty()) {
    const std::uint64_t identity = reinterpret_cast<std::uintptr_t>(owner.name.data()) * 0x9e3779b97f4a7c15u ^
                                   reinterpret_cast<std::uintptr_t>(ns.data());
    const auto [entry, first] = last_spec_.try_emplace(identity, added);
    if (!first && specs[entry->second] == spec) return entry->second;
    entry->second = added;
  }
  specs.push_back(std::move(spec));
  return added;
}

void note_annotations(ObjectReader& reader, Node annotations) {
  const std::size_t size = annotations.size();
  for (std::size_t i = 0; i < size; ++i) {
    const Unmodelled feature = unmodelled_annotation(annotations.key(i).text(), annotations[i].text());
    if (feature != Unmodelled::kCount) reader.uses(feature, annotations[i]);
  }
}

void ObjectReader::supersede_earlier(const ObjectMeta& meta, Node where) {
  const std::size_t object = starts_.size() - 1;
  const auto [entry, added] =
      seen_.try_emplace({meta.kind.data(), meta.ns.data(), meta.name.data()}, Seen{meta.mark, object});
  if (added) return;
  const Seen earlier = std::exchange(entry->second, {meta.mark, object});
  if (gone_[earlier.object]) return;
  gone_[earlier.object] = true;
  superseded_.add(starts_[earlier.object], starts_[earlier.object + 1]);
  notice(where, fmt::format("a second {}: this one counts, as for kubectl apply; the first is at {}",
                            object_label(meta.kind, meta.ns, meta.name), to_string(earlier.mark)));
}

std::optional<ObjectMeta> ObjectReader::metadata(Node object, std::string_view kind, bool namespaced) {
  const Node node = object["metadata"];
  const FieldValues fields(*this, node, kMetadataKeys);
  ObjectMeta meta;
  meta.kind = intern(kind);
  meta.name = text(fields[kMetadataKeys["name"]]);
  if (meta.name.empty()) {
    if (const std::string_view prefix = text(fields[kMetadataKeys["generateName"]]); !prefix.empty()) {
      meta.name = intern(fmt::format("{}{}", prefix, manifests_.objects));
    }
  }
  if (meta.name.empty()) {
    const Node stated = fields[kMetadataKeys["name"]];
    const bool told = (!is_absent(node) && !node.is_mapping()) ||
                      (!is_absent(stated) && !(stated.is_scalar() && stated.text().empty()));
    if (!told) error(node.exists() ? node : object, "metadata.name is missing");
    return std::nullopt;
  }
  const Node name_node = fields[kMetadataKeys["name"]];
  if (!is_dns_subdomain(meta.name)) {
    error(name_node.exists() ? name_node : node, fmt::format("'{}' is not an object name", meta.name),
          std::string(kDnsSubdomain));
    return std::nullopt;
  }
  if (namespaced) {
    meta.ns = text(fields[kMetadataKeys["namespace"]]);
    if (meta.ns.empty()) meta.ns = intern("default");
    if (const Node ns = fields[kMetadataKeys["namespace"]]; !is_dns_label(meta.ns)) {
      error(ns, fmt::format("'{}' is not the name of a namespace", meta.ns), std::string(kDnsLabel));
    }
  }
  meta.mark = name_node.exists() ? name_node.mark() : node.mark();
  supersede_earlier(meta, name_node.exists() ? name_node : node);
  std::vector<Label> labels = this->labels(fields[kMetadataKeys["labels"]]);
  const std::size_t sets_before = cluster().label_sets.size();
  meta.labels = cluster().label_sets.intern(labels);
  if (cluster().label_sets.size() > sets_before) {
    for (const Label& label : labels) {
      uses(unmodelled_annotation(label.key, label.value), fields[kMetadataKeys["labels"]]);
    }
  }
  note_annotations(*this, fields[kMetadataKeys["annotations"]]);
  meta.terminating =
      !fields[kMetadataKeys["deletionTimestamp"]].is_null() && fields[kMetadataKeys["deletionTimestamp"]].exists();
  const Node owners = fields[kMetadataKeys["ownerReferences"]];
  if (sequence(owners)) {
    for (const Node reference : owners) {
      const FieldValues owner(*this, reference, kOwnerKeys);
      if (!boolean(owner[kOwnerKeys["controller"]], false)) continue;
      meta.owner = {text(owner[kOwnerKeys["kind"]]), text(owner[kOwnerKeys["name"]])};
    }
  }
  return meta;
}

}  // namespace knetsim
