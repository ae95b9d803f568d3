#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace knetsim {

/// What an API server makes of an apiVersion and a kind.
enum class ApiKind : std::uint8_t {
  Used,     ///< One of the kinds that are read.
  Unused,   ///< Any other: another kind of Kubernetes, or another project's, be its name what it may.
  Unknown,  ///< Kubernetes' own groups have no such kind there: `kubectl apply` is refused.
};

/// A kind that is read, in one of the versions that have served it.
struct ServedVersion {
  std::string_view kind;
  std::string_view api_version;
  std::uint32_t from = 0;   ///< Kubernetes 1.FROM began to serve it.
  std::uint32_t until = 0;  ///< 1.UNTIL no longer did; 0: it is served today.
};

/// "apps" of "apps/v1"; "" of "v1".
std::string_view api_group(std::string_view api_version);

/// A group of Kubernetes itself, whose kinds are all known.
bool is_built_in_group(std::string_view group);

ApiKind classify(std::string_view api_version, std::string_view kind);

/// The row of a kind that is read in this version; null when there is none.
const ServedVersion* served(std::string_view api_version, std::string_view kind);
/// The version of a kind that Kubernetes 1.`minor` serves, the newest where there are several; null for a kind that is
/// not read.
const ServedVersion* newest(std::string_view kind, std::uint32_t minor);

/// The kinds of the core and apps groups that are read or known: what a misspelt one was to be.
std::span<const std::string_view> known_kinds();

}  // namespace knetsim
