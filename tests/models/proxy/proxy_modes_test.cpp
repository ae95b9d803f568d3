// Goal: the table of modes, the document of models and what a mode says of itself agree. Method: rows of the document's section
// against the table, in both directions; each mode is made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

/// First cells of the rows under a heading of docs/models.md.
std::vector<std::string> rows_under(const std::string& heading) {
  std::ifstream page(KNETSIM_SOURCE_DIR "/docs/models.md");
  std::vector<std::string> rows;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) here = line == "## " + heading;
    if (!here || !line.starts_with("| ") || line.starts_with("| name |") || line.starts_with("| ---")) continue;
    rows.push_back(line.substr(2, line.find(" |") - 2));
  }
  return rows;
}

TEST(ProxyModes, AreTheRowsOfTheModelsDocument) {
  std::vector<std::string> modes;
  for (const ProxyInfo& mode : proxy_modes()) modes.emplace_back(mode.name);
  EXPECT_THAT(rows_under("Proxy modes"), testing::UnorderedElementsAreArray(modes));
}

TEST(ProxyModes, DescribeThemselvesAndAreMade) {
  for (const ProxyInfo& mode : proxy_modes()) {
    EXPECT_FALSE(mode.summary.empty()) << mode.name;
    EXPECT_FALSE(mode.source.empty()) << mode.name;
    EXPECT_EQ(&make_proxy(mode.name)->info(), &mode);
  }
}

}  // namespace
}  // namespace knetsim
