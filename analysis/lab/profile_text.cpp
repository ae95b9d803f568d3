#include "analysis/lab/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace knetsim::lab {
namespace {

/// A string in double quotes, as YAML and JSON have it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string span(double ps) { return fmt::format("{:.3f}ns", ps * 1e-3); }

std::string provenance(const FigureSource& figure) {
  return fmt::format("{}source: {}", figure.assumption ? "assumption: true, " : "", quoted(figure.source));
}

std::string handshake_text(std::string_view name, const HandshakeCost& cost) {
  return fmt::format("    {}: {{client: {}, server: {}, {}}}\n", name, span(cost.client_ps), span(cost.server_ps),
                     provenance(cost.provenance));
}

std::string applications_text(const ApplicationCosts& costs) {
  std::string out;
  if (costs.tls) {
    out += "\ntls:\n";
    constexpr std::array<std::string_view, 2> kVersions{"tls1.2", "tls1.3"};  // by TlsVersion
    for (std::size_t i = 0; i < kVersions.size(); ++i) {
      const TlsVersionCost& version = costs.tls->versions[i];
      out += fmt::format("  {}:\n", kVersions[i]);
      out += handshake_text("rsa2048", version.whole[static_cast<std::size_t>(TlsKey::Rsa2048)]);
      out += handshake_text("p256", version.whole[static_cast<std::size_t>(TlsKey::P256)]);
      out += handshake_text("resumed", version.resumed);
    }
    out += fmt::format("  records: {{record: {}, byte: {}, {}}}\n", span(costs.tls->record_ps),
                       span(costs.tls->byte_ps), provenance(costs.tls->provenance));
  }
  if (!costs.proxies.empty()) out += "\nproxies:\n";
  for (const auto& [name, proxy] : costs.proxies) {
    out += fmt::format("  {}: {{request: {}, byte: {}, rule: {}, connection: {}, upstream: {}, {}}}\n", name,
                       span(proxy.request_ps), span(proxy.byte_ps), span(proxy.rule_ps), span(proxy.connection_ps),
                       span(proxy.upstream_ps), provenance(proxy.provenance));
  }
  return out;
}

}  // namespace

std::string profile_text(const CostProfile& profile, const std::vector<std::string>& comment) {
  std::string out;
  for (std::string line : comment) {
    std::ranges::replace(line, '\n', ' ');  // a processor may be named anything
    out += line.empty() ? "#\n" : "# " + line + "\n";
  }
  out +=
      fmt::format("apiVersion: knetsim.io/v1alpha1\nkind: CostProfile\nmetadata: {{name: {}}}\nmachine: {}\n\nsteps:\n",
                  quoted(profile.name), quoted(profile.machine));
  for (const StepKindInfo& kind : step_kinds()) {
    if (kind.traits.scanned || kind.traits.computed) continue;
    const Cost& cost = profile[kind.kind];
    const std::string sigma = cost.sigma > 0 ? fmt::format("sigma: {:.3g}, ", cost.sigma) : "";
    out += fmt::format("  {}: {{median: {}, {}{}}}\n", kind.name, span(cost.median_ps), sigma,
                       provenance(cost.provenance));
  }
  out += "\nscans:\n";
  for (const StepKindInfo& kind : step_kinds()) {
    const auto& scan = profile.scan(kind.kind);
    if (!scan) continue;
    out += fmt::format("  {}: {{warm: {}, far: {}, cold: {}, cache: {:.0f}B, forget: {}, sigma: {:.3g}, {}}}\n",
                       kind.name, span(scan->warm_ps), span(scan->far_ps), span(scan->cold_ps), scan->cache_bytes,
                       span(scan->forget_ps), scan->sigma, provenance(scan->provenance));
  }
  if (const auto& seen = profile.interruptions) {
    out += fmt::format("\ninterruptions: {{rate: {:.1f}/s, median: {}, sigma: {:.3g}, {}}}\n", seen->per_second,
                       span(seen->median_ps), seen->sigma, provenance(seen->provenance));
  }
  out += applications_text(profile.applications);
  if (profile.cold_factor > 1) {
    out += fmt::format("\ncold: {{factor: {:.2f}, source: {}}}\n", profile.cold_factor, quoted(profile.cold_source));
  }
  return out;
}

}  // namespace knetsim::lab
