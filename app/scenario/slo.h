#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/slo.h"
#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// What an objective may be: the grammar with examples, for `knetsim explain slo`.
std::string_view slo_grammar();

/// Reads `slo`, a list of texts. What cannot be read, and names that no workload or call of the variant has, go to
/// `diagnostics`; names are not looked up where it holds errors, since the traffic is then incomplete.
///
/// A Service is meant whatever address and port its callers write: it has the name of the results, default/cart. A name
/// in DNS (cart.default.svc.cluster.local) and, where one namespace alone has it, a bare name (cart) stand for it too.
std::vector<Slo> read_slos(Node list, const BoundVariant& variant, Diagnostics& diagnostics);

/// Names of the calls that objectives of times are about: their distributions are needed whole.
/// @param slos  By variant.
std::set<std::string> calls_measured(const std::vector<BoundVariant>& variants,
                                     const std::vector<std::vector<Slo>>& slos);

}  // namespace knetsim
