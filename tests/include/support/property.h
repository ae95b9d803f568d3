#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace knetsim {

/// Checks a property on 500 random cases from a fixed seed (RC_PARAMS in the environment overrides), shrunk when it
/// fails.
template <class Property>
void expect_property(const std::string& description, Property&& property) {
  ::setenv("RC_PARAMS", "seed=20240501 max_success=500", 0);
  EXPECT_TRUE(rc::check(description, std::forward<Property>(property)));
}

}  // namespace knetsim
