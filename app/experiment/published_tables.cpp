#include "app/experiment/published_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "analysis/published_measure.h"
#include "app/scenario/load_scenario.h"
#include "sim/input/diagnostics.h"
#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

constexpr std::array<std::pair<std::string_view, FigureUse>, 4> kUses{{{"fitted", FigureUse::Fitted},
                                                                       {"known", FigureUse::Known},
                                                                       {"predicted", FigureUse::Predicted},
                                                                       {"not fitted", FigureUse::NotFitted}}};
constexpr std::string_view kUseNames = "fitted, known, predicted, not fitted";

[[noreturn]] void fail(Node at, const std::string& message, std::string accepted = {}) {
  throw ConfigError(at, message, std::move(accepted));
}

std::string text_of(Node mapping, std::string_view key) {
  const Node node = mapping[key];
  if (!node.is_scalar()) fail(mapping, fmt::format("'{}' is missing", key));
  return std::string(node.text());
}

double number_of(Node node) {
  const std::optional<double> number = as_double(node);
  if (!number) fail(node, "not a number: " + describe_found(node));
  return *number;
}

std::optional<FigureUse> use_of(Node node) {
  if (!node.exists()) return std::nullopt;
  for (const auto& [name, use] : kUses) {
    if (node.text() == name) return use;
  }
  fail(node, "not a use of a figure: " + describe_found(node), std::string(kUseNames));
}

void read_row(Node row, Node columns, PublishedTable& table) {
  const std::string name = text_of(row, "name");
  const std::string variant = text_of(row, "variant");
  const FigureUse use = use_of(row["mark"]).value_or(FigureUse::Known);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string_view key = row.key(i).text();
    if (key != "name" && key != "variant" && key != "mark" && !columns[key].exists()) {
      fail(row.key(i), fmt::format("no column '{}'", key));
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view column = columns.key(i).text();
    const Node cell = row[column];  // a number, or {value, mark} where the mark is its own
    if (!cell.exists()) continue;
    const std::string suffix(columns[i]["suffix"].text());
    const std::string over(columns[i]["over"].text());
    table.figures.push_back({.row = name,
                             .column = std::string(column),
                             .unit = text_of(columns[i], "unit"),
                             .variant = variant + suffix,
                             .measure = text_of(columns[i], "measure"),
                             .per = columns[i]["per"].exists() ? text_of(columns[i]["per"], "measure") : std::string(),
                             .per_amount = columns[i]["per"].exists() ? number_of(columns[i]["per"]["amount"]) : 0,
                             .over = over.empty() ? over : over + suffix,
                             .value = number_of(cell["value"].exists() ? cell["value"] : cell),
                             .use = use_of(cell["mark"]).value_or(use_of(columns[i]["mark"]).value_or(use)),
                             .ordered = columns[i]["order"].text() != "none",
                             .below = std::string(columns[i]["below"].text())});
  }
}

PublishedTable read_table(Node node, std::string id, const std::filesystem::path& folder) {
  PublishedTable table{.id = std::move(id),
                       .title = text_of(node, "title"),
                       .source = text_of(node, "source"),
                       .url = text_of(node, "url"),
                       .date = text_of(node, "date"),
                       .machine = text_of(node, "machine"),
                       .versions = text_of(node, "versions"),
                       .read = text_of(node, "read"),
                       .scenario = (folder / text_of(node, "scenario")).string()};
  const Node error = node["reading_error"];
  if (const Node absolute = error["absolute"]; absolute.exists()) table.error_absolute = number_of(absolute);
  if (const Node relative = error["relative"]; relative.exists()) table.error_relative = number_of(relative);
  for (std::size_t i = 0; i < node["rows"].size(); ++i) read_row(node["rows"][i], node["columns"], table);
  for (std::size_t i = 0; i < node["not_modelled"].size(); ++i) {
    const Node left_out = node["not_modelled"][i];
    table.not_modelled.push_back({.what = text_of(left_out, "what"), .why = text_of(left_out, "why")});
  }
  for (std::size_t i = 0; i < node["notes"].size(); ++i) table.notes.emplace_back(node["notes"][i].text());
  return table;
}

}  // namespace

std::string_view to_string(FigureUse use) {
  switch (use) {
    case FigureUse::Fitted:
      return "fitted";
    case FigureUse::Known:
      return "predicted, known when the profile was made";
    case FigureUse::Predicted:
      return "predicted";
    case FigureUse::NotFitted:
      return "not fitted";
  }
  return "";
}

std::vector<PublishedTable> read_published_tables(const std::string& path) {
  const auto input = Input::open(path);
  const Document document = read_document(*input);
  if (document.root()["kind"].text() != "PublishedTables") {
    fail(document.root(), "not a file of published tables", "kind: PublishedTables");
  }
  const Node tables = document.root()["tables"];
  std::vector<PublishedTable> read;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    read.push_back(read_table(tables[i], std::string(tables.key(i).text()), std::filesystem::path(path).parent_path()));
  }
  return read;
}

void run_published(PublishedTable& table, const ExperimentOptions& options) {
  const auto loaded = load_scenario(table.scenario, {});
  const ExperimentResults results = run_in_memory(loaded->variants, options);
  const Recorded recorded(results);
  std::map<std::string, PublishedMeasure> measures;
  for (const BoundVariant& variant : loaded->variants) {
    measures.emplace(variant.name, PublishedMeasure(recorded, variant.name));
  }
  const auto measured = [&](const std::string& name, const std::string& measure) {
    const auto variant = measures.find(name);
    const std::optional<double> value = variant == measures.end() ? std::nullopt : variant->second.of(measure);
    if (!value) {
      throw ConfigError(Mark{}, fmt::format("tables.{}", table.id),
                        fmt::format("{} has no '{}' of a variant '{}'", table.scenario, measure, name));
    }
    return *value;
  };
  const auto scaled = [&](const std::string& variant, const PublishedFigure& figure) {
    const double value = measured(variant, figure.measure);
    return figure.per.empty() ? value : value * figure.per_amount / measured(variant, figure.per);
  };
  for (PublishedFigure& figure : table.figures) {
    figure.model = scaled(figure.variant, figure);
    if (!figure.over.empty()) figure.model /= scaled(figure.over, figure);
  }
}

std::vector<OrderedPair> ordered_pairs(const PublishedTable& table) {
  std::vector<OrderedPair> pairs;
  const auto add = [&](const PublishedFigure& lower, const PublishedFigure& higher) {
    pairs.push_back({&lower, &higher, lower.model < higher.model});
  };
  for (std::size_t i = 0; i < table.figures.size(); ++i) {
    const PublishedFigure& a = table.figures[i];
    for (std::size_t j = 0; j < table.figures.size(); ++j) {
      const PublishedFigure& b = table.figures[j];
      const bool apart = b.value - a.value > table.reading_error(a) + table.reading_error(b);
      if (a.column == b.column && a.ordered && b.ordered && apart) add(a, b);
      if (a.row == b.row && a.below == b.column) add(a, b);
    }
  }
  return pairs;
}

}  // namespace knetsim
