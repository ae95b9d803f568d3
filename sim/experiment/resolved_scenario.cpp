#include "sim/experiment/resolved_scenario.h"

#include <list>
#include <vector>

#include "sim/experiment/apply_sets.h"
#include "sim/experiment/scenario_keys.h"
#include "sim/input/binder.h"
#include "sim/input/emit.h"
#include "sim/input/overrides.h"

namespace knetsim {

std::string resolved_scenario(const Document& scenario, std::span<const std::string> sets) {
  InputSet inputs;
  std::list<DefaultDocument> defaults;  // outlive the document, which refers to their text
  Document document = scenario;
  Diagnostics diagnostics;
  apply_sets(document, sets, inputs, diagnostics);
  diagnostics.throw_if_errors();
  std::vector<ValueOrigin> origins;
  Diagnostics incomplete;  // what every variant overrides need not be right, or be there
  bind<ScenarioKeys>(document.root(), incomplete, &origins);
  for (const ValueOrigin& origin : origins) {
    if (!origin.is_default || origin.text.empty()) {
      continue;
    }
    Diagnostics no_room;  // under a shorthand: `to: cart` has no place for the port
    set_value(document, Path::parse(origin.path), defaults.emplace_back(origin.text).root(), no_room);
  }
  return to_yaml(document.root());
}

}  // namespace knetsim
