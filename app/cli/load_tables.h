#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "analysis/lab/load_check.h"
#include "analysis/lab/machine_noise.h"
#include "analysis/lab/rule_loading.h"

namespace knetsim {

/// Rates beside predictions, then where their CPU time went. @param markdown  As a page's tables; else for a screen.
void print_loads(const lab::LoadCheck& check, bool markdown);

/// What loading rules took, beside the sync of the proxy models.
void print_rule_loads(std::span<const lab::MeasuredRuleLoad> loads, bool markdown);

/// One line, or some: what disturbed the machine, and whether that allows conclusions.
std::string noise_text(const lab::MachineNoise& noise);

nlohmann::ordered_json load_json(const lab::LoadCheck& check);
nlohmann::ordered_json load_json(std::span<const lab::MeasuredRuleLoad> loads);
nlohmann::ordered_json load_json(const lab::MachineNoise& noise);

}  // namespace knetsim
