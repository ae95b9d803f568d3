#include "sim/core/math.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace knetsim::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// ln 2 in two parts: the first has 21 trailing zero bits, so that its product with an exponent is exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;

// 1 / n! for n = 0 .. 13: the next term is below 2^-58 of the sum for |r| <= ln 2 / 2.
constexpr std::array<double, 14> kInverseFactorial = [] {
  std::array<double, 14> value{1};
  long double product = 1;
  for (std::size_t n = 1; n < value.size(); ++n) {
    product *= static_cast<long double>(n);
    value[n] = static_cast<double>(1 / product);
  }
  return value;
}();

double two_to(int exponent) { return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52); }

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double sum = coefficients[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

}  // namespace

double exp(double x) {
  if (!(x > -745.2)) {
    return x != x ? x : 0.0;
  }
  if (x > 709.79) {
    return kInfinity;
  }
  // x = k ln 2 + r with |r| <= ln 2 / 2, and e^r = 1 + (r + r^2 (1/2 + r/6 + ...)).
  const int k = static_cast<int>(x * kLog2E + (x < 0 ? -0.5 : 0.5));
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double tail = kInverseFactorial[13];
  for (std::size_t n = 13; n-- > 2;) {
    tail = tail * r + kInverseFactorial[n];
  }
  const double value = 1 + (r + r * r * tail);
  if (k > 1023) {
    return value * two_to(1023) * 2;
  }
  return k >= -1022 ? value * two_to(k) : value * two_to(k + 100) * two_to(-100);
}

double log(double x) {
  if (!(x > 0)) {
    return x == 0 ? -kInfinity : std::numeric_limits<double>::quiet_NaN();
  }
  if (x == kInfinity) {
    return x;
  }
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  // x = 2^e m with sqrt(1/2) <= m < sqrt(2), and log m = 2 atanh(s) with s = (m - 1) / (m + 1), |s| < 0.172.
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  double m = std::bit_cast<double>(bits);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    ++exponent;
  }
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double sum = 1.0 / 25;
  for (int n = 23; n >= 3; n -= 2) {
    sum = sum * z + 1.0 / n;
  }
  // 2 s = f - s f, and s f = f^2 / 2 - s f^2 / 2: f stands alone, so that nothing is lost where x is near 1.
  const double half_square = 0.5 * f * f;
  const double correction = s * (half_square + 2 * z * sum);
  return exponent * kLn2High + (f - (half_square - (correction + exponent * kLn2Low)));
}

double pow(double x, double y) { return exp(y * log(x)); }

double normal_quantile(double p) {
  static constexpr std::array<double, 8> kA{3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                            1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                            3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr std::array<double, 8> kB{1,
                                            4.2313330701600911252e1,
                                            6.8718700749205790830e2,
                                            5.3941960214247511077e3,
                                            2.1213794301586595867e4,
                                            3.9307895800092710610e4,
                                            2.8729085735721942674e4,
                                            5.2264952788528545610e3};
  static constexpr std::array<double, 8> kC{
      1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
      1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr std::array<double, 8> kD{1,
                                            2.05319162663775882187e0,
                                            1.67638483018380384940e0,
                                            6.89767334985100004550e-1,
                                            1.48103976427480074590e-1,
                                            1.51986665636164571966e-2,
                                            5.47593808499534494600e-4,
                                            1.05075007164441684324e-9};
  static constexpr std::array<double, 8> kE{
      6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr std::array<double, 8> kF{1,
                                            5.99832206555887937690e-1,
                                            1.36929880922735805310e-1,
                                            1.48753612908506148525e-2,
                                            7.86869131145613259100e-4,
                                            1.84631831751005468180e-5,
                                            1.42151175831644588870e-7,
                                            2.04426310338993978564e-15};
  if (!(p > 0 && p < 1)) {
    return p == 0 ? -kInfinity : p == 1 ? kInfinity : std::numeric_limits<double>::quiet_NaN();
  }
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  const double r = std::sqrt(-log(q < 0 ? p : 1 - p));  // sqrt is exact to half an ulp by IEEE 754
  const double value =
      r <= 5 ? polynomial(kC, r - 1.6) / polynomial(kD, r - 1.6) : polynomial(kE, r - 5) / polynomial(kF, r - 5);
  return q < 0 ? -value : value;
}

}  // namespace knetsim::math
