// Objectives: the text after `slo`, one a line.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "fuzz_input.h"
#include "sim/experiment/slo.h"
#include "sim/input/read_documents.h"

void knetsim::fuzz::read(std::string_view text) {
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t begin = 0; begin <= text.size() && list.size() < 1000;) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    list.push_back(std::string(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  const std::string document =
      nlohmann::json{{"slo", list}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto input = Input::from_text("fuzz.yaml", document);
  TrafficPlan traffic;
  traffic.sources.emplace_back().name = "browse";
  Diagnostics diagnostics;
  const Document read = read_document(*input);
  read_slos(read["slo"], traffic, diagnostics);
  render(diagnostics.errors());
}
