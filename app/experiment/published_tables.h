#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/experiment/experiment.h"
#include "sim/input/document.h"

namespace knetsim {

/// What a published figure was used for.
enum class FigureUse : std::uint8_t {
  Fitted,     ///< A cost was chosen so that it comes out.
  Known,      ///< Nothing was chosen for it, but it was known when the profile was made.
  Predicted,  ///< First seen afterwards.
  NotFitted,  ///< Shown beside the model; the model is not meant to meet it.
};
/// "fitted"; "predicted, known when the profile was made"; "predicted"; "not fitted".
std::string_view to_string(FigureUse use);

struct PublishedFigure {
  std::string row;
  std::string column;
  std::string unit;       ///< ms, cores, 1/s, Gbit/s ...; "times" for a ratio.
  std::string variant;    ///< Of the table's scenario.
  std::string measure;    ///< As PublishedMeasure knows them.
  std::string per;        ///< Empty, or the measure in proportion to which it is taken ...
  double per_amount = 0;  ///< ... for this much of that: CPU of 250,000 connections/s, whatever rate was reached.
  std::string over;       ///< Empty, or the variant over whose figure this one is a ratio.
  double value = 0;
  FigureUse use = FigureUse::Known;
  bool ordered = true;  ///< Its order among the figures of its column is to be met.
  std::string below;    ///< A column in whose row a larger figure stands.
  double model = 0;     ///< In the same unit, once the scenario has run.
};

/// A row or column of the source beside which no figure of the model is put.
struct NotModelled {
  std::string what;
  std::string why;  ///< And what would be needed.
};

struct PublishedTable {
  std::string id;
  std::string title, source, url, date, machine, versions, read;
  double error_absolute = 0;  ///< Reading error of a figure, in its unit ...
  double error_relative = 0;  ///< ... and of its value.
  std::string scenario;       ///< Path of its scenario.
  std::vector<PublishedFigure> figures{};
  std::vector<NotModelled> not_modelled{};
  std::vector<std::string> notes{};

  double reading_error(const PublishedFigure& figure) const { return error_absolute + error_relative * figure.value; }
};

/// Reads a file of kind PublishedTables; scenarios are named relative to it. @throws ConfigError
std::vector<PublishedTable> read_published_tables(const std::string& path);

/// Runs the table's scenario and fills in what the model gives. @throws ConfigError  A variant that is not there.
void run_published(PublishedTable& table, const ExperimentOptions& options);

/// Two figures whose order the source and the model give.
struct OrderedPair {
  const PublishedFigure* lower = nullptr;  ///< In the source.
  const PublishedFigure* higher = nullptr;
  bool met = false;  ///< The model agrees.
};
/// Every pair of a column that differs by more than both reading errors together, and every pair of a row of which one
/// column is said to be below the other.
std::vector<OrderedPair> ordered_pairs(const PublishedTable& table);

}  // namespace knetsim
