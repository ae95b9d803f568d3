// Goal: the lab's proxies answer in every way that the designs ask for. Method: each case once, for a moment; a session that is
// to be taken up and is not is an error of the client's. Only where a lab is possible, and for the proxies that are installed.

#include "analysis/proxy_lab/proxy_measurement.h"

#include <gtest/gtest.h>

#include "analysis/lab/sockets.h"
#include "analysis/lab/surroundings.h"
#include "analysis/proxy_lab/running_proxy.h"

namespace knetsim::lab {
namespace {

TEST(ProxyMeasurement, EveryCaseIsAnswered) {
  if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  const std::vector<std::string> proxies = installed_proxies();
  const std::vector<MeasuredProxy> measured =
      measure_proxies(proxy_calibration_cases(proxies), proxy_held_out_cases(proxies),
                      {.cpu = usable_cpus().front(),
                       .rounds = 1,
                       .warm_up = std::chrono::milliseconds(5),
                       .window = std::chrono::milliseconds(20)});
  ASSERT_GE(measured.size(), 3U) << "the upstream alone";
  for (const MeasuredProxy& one : measured) {
    EXPECT_GT(one.rate.value, 0) << one.proxy_case.name();
    EXPECT_GT(one.cpu_ns.value, 0) << one.proxy_case.name();
    if (one.held_out) {
      EXPECT_GT(one.alone_ns.value, 0) << one.proxy_case.name();
    }
  }
}

}  // namespace
}  // namespace knetsim::lab
