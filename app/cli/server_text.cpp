#include "app/cli/server_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim {

std::string busiest_server_text(const WorkloadSummary& row) {
  if (!row.spreads_unevenly()) return {};
  const double share = row.busiest_server_share();
  std::string text = fmt::format("busiest of {} servers: {:.3g} % of the requests, {:.3g} times the mean", row.servers,
                                 100 * share, share * static_cast<double>(row.servers));
  if (const auto& shares = row.busiest_server_shares; shares.size() > 1) {
    const auto [least, most] = std::ranges::minmax_element(shares);
    text += fmt::format("; {:.3g} to {:.3g} % in {} replicates", 100 * *least, 100 * *most, shares.size());
  }
  if (row.servers_unused > 0) text += fmt::format("; {:.2g} without any", row.servers_unused);
  return text;
}

}  // namespace knetsim
