#pragma once

namespace knetsim::math {

// Elementary functions made of + - * / and sqrt alone, so that a result has the same bits on every x86-64 CPU and from
// every compiler (with -ffp-contract=off): libm's differ in the last bit between its FMA and its plain variants. The
// errors are largest ones seen against long double over millions of arguments of every size.

/// e^x within 1 ulp; 0 below -745.2 and infinity above 709.8.
double exp(double x);

/// Natural logarithm within 1 ulp; -infinity at 0, NaN below.
double log(double x);

/// x^y for x > 0 within 1 ulp, by a logarithm of 66 bits; as exp(y log x) at the other x.
double pow(double x, double y);

/// Quantile of the standard normal distribution, about 1e-15 relative; infinities at 0 and 1.
/// @source Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution, Applied Statistics 37, 1988
/// (PPND16).
double normal_quantile(double p);

}  // namespace knetsim::math
