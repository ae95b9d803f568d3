// Objectives: the text after `slo`, one a line.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/scenario/slo.h"
#include "fuzz_input.h"
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
  BoundVariant variant;
  auto cluster = std::make_shared<Cluster>();
  for (const char* ns : {"default", "shop"}) {
    cluster->services.emplace_back().name = "cart";
    cluster->services.back().ns = ns;
    variant.targets.emplace_back().service = static_cast<ServiceIndex>(cluster->services.size() - 1);
    variant.traffic.edges.emplace_back();
  }
  variant.cluster = std::move(cluster);
  variant.traffic.sources.emplace_back().name = "browse";
  Diagnostics diagnostics;
  const Document read = read_document(*input);
  read_slos(read["slo"], variant, diagnostics);
  render(diagnostics.errors());
}
