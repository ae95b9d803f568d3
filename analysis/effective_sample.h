#pragma once

#include <span>

#include "analysis/sample.h"

namespace knetsim {

/// How many observations in a row tell as little as one independent one: the variance of means over stretches of time,
/// times their size, over the variance of one observation. At least 1. Latencies of a queue are alike for as long as its
/// busy periods last.
///
/// It is taken of the logarithm, which is in the bulk of the observations: how many peaks a run happened to have moves it
/// little, so that rows are not chosen by luck. The stretches are as long as can be with some 60 degrees of freedom. What
/// all replicates have in common at a time is taken off first: a load that changes is no correlation. A single replicate
/// cannot tell the two apart.
/// @param replicates  Each with kParts parts.
/// @source Batch means: Law, Simulation Modeling and Analysis, 5th ed., 2015, 9.5.3. "Design effect": Kish, Survey
/// Sampling, 1965.
double design_effect(std::span<const Sample> replicates);

/// Independent observations beyond the q quantile that those of all replicates together are worth.
double effective_beyond(std::span<const Sample> replicates, double q);

/// Of effective_beyond(): with fewer, an interval of 95 % holds the truth less often than it says
/// (tests/analysis/coverage_test.cpp).
inline constexpr double kEnoughBeyond = 60;

}  // namespace knetsim
