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

// ln 2 in two parts, so that the product of the first with an exponent (11 bits), or with 128ths of one (18 bits), is
// exact.
constexpr long double kLn2 = 0.693147180559945309417232121458176568L;
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
constexpr double kLn2Upper = 0x1.62e42feep-1;
constexpr double kLn2Lower = 0x1.a39ef35793c76p-33;

/// A number as an unevaluated sum, |low| at most half an ulp of high.
struct Pair {
  double high;
  double low;
};

/// a + b without loss (Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B).
constexpr Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// a b without loss, for |a| and |b| below 2^996 (Dekker, A floating-point technique for extending the available
/// precision, Numerische Mathematik 18, 1971).
constexpr Pair two_product(double a, double b) {
  const auto upper_half = [](double x) {
    const double scaled = x * 0x1.0000002p27;
    return scaled - (scaled - x);
  };
  const double product = a * b;
  const double a_high = upper_half(a);
  const double b_high = upper_half(b);
  const double a_low = a - a_high;
  const double b_low = b - b_high;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

// The compiler computes the tables in x87's 64-bit significands: those of g++ and clang++ agree bit by bit, whatever
// CPU they run on.

constexpr std::size_t kCells = 128;

/// log x = k ln 2 + log c + log(1 + (z - c) / c) for x = 2^k z with z in the cell around c.
struct LogCell {
  double center;
  double inverse;
  double log_high;  ///< Multiple of 2^-42: its sum with k ln 2's first part is exact.
  double log_low;
};

// z lies in [11/16, 11/8), which has 1 inside, so that no two large parts cancel where the logarithm is small.
constexpr std::uint64_t kLogOrigin = 0x3fe6000000000000u;

constexpr std::array<LogCell, kCells> kLog = [] {
  std::array<LogCell, kCells> cells{};
  for (std::size_t i = 0; i < kCells; ++i) {
    const std::uint64_t begin = kLogOrigin + (std::uint64_t{i} << 45);
    const auto low = static_cast<long double>(std::bit_cast<double>(begin));
    const auto high = static_cast<long double>(std::bit_cast<double>(begin + (std::uint64_t{1} << 45)));
    // The two cells that meet at 1 have it as their centre: (z - c) / c is exact there.
    const long double center = low == 1 || high == 1 ? 1 : (low + high) / 2;
    const long double s = (center - 1) / (center + 1);  // log c = 2 atanh(s), |s| < 0.19
    long double sum = 0;
    for (int n = 41; n >= 1; n -= 2) {
      sum = sum * s * s + 1.0L / n;
    }
    const long double log_center = 2 * s * sum;
    const double log_high = static_cast<double>(static_cast<std::int64_t>(log_center * 0x1p42L)) * 0x1p-42;
    cells[i] = {static_cast<double>(center), static_cast<double>(1 / center), log_high,
                static_cast<double>(log_center - static_cast<long double>(log_high))};
  }
  return cells;
}();

/// 2^(i / 128) in two parts.
constexpr std::array<Pair, kCells> kRoots = [] {
  std::array<Pair, kCells> roots{};
  for (std::size_t i = 0; i < kCells; ++i) {
    const long double x = kLn2 * static_cast<long double>(i) / kCells;
    long double sum = 1;
    for (int n = 27; n >= 1; --n) {
      sum = 1 + sum * x / n;
    }
    const auto high = static_cast<double>(sum);
    roots[i] = {high, static_cast<double>(sum - static_cast<long double>(high))};
  }
  return roots;
}();

/// x = 2^exponent z.
struct Reduced {
  double exponent;
  double z;
  const LogCell& cell;
};

/// For positive finite x.
Reduced reduce(double x) {
  int scaled = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    scaled = 54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t above = bits - kLogOrigin;
  const int exponent = static_cast<int>(static_cast<std::int64_t>(above) >> 52);
  return {static_cast<double>(exponent - scaled),
          std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52)), kLog[(above >> 45) % kCells]};
}

/// (log(1 + r) - r + r^2 / 2) / r^3 = 1/3 - r/4 + r^2/5 ... for |r| <= 2^-7.
double log_tail(double r) {
  const double r2 = r * r;
  return ((1.0 / 3 - r * (1.0 / 4)) + r2 * (1.0 / 5 - r * (1.0 / 6))) +
         r2 * r2 * ((1.0 / 7 - r * (1.0 / 8)) + r2 * (1.0 / 9 - r * (1.0 / 10)));
}

/// log x in two parts that together hold about 66 bits of it. For positive finite x.
Pair log_pair(double x) {
  const auto [exponent, z, cell] = reduce(x);
  const double distance = z - cell.center;  // exact: the two are within a factor of 2
  // r = distance / c in two parts. The first has 24 bits: its square, and its product with the 9 bits of c, are exact.
  const auto r_high = static_cast<double>(static_cast<float>(distance * cell.inverse));
  const double r_low = (distance - r_high * cell.center) * cell.inverse;
  const double r = r_high + r_low;
  const Pair linear = two_sum(exponent * kLn2High + cell.log_high, r_high);
  const Pair square = two_sum(linear.high, -0.5 * r_high * r_high);
  const double rest = ((linear.low + square.low) + (exponent * kLn2Low + cell.log_low)) +
                      ((r_low - r_low * (r_high + 0.5 * r_low)) + r * r * r * log_tail(r));
  return two_sum(square.high, rest);
}

/// e^(x + low) for |low| far below 1.
double exp_sum(double x, double low) {
  if (!(x > -745.2)) {
    return x != x ? x : 0.0;
  }
  if (x > 709.79) {
    return kInfinity;
  }
  // x = n ln 2 / 128 + r with |r| <= ln 2 / 256, and n = 128 k + i: e^x = 2^k 2^(i/128) e^r.
  constexpr double kCellsPerLn2 = static_cast<double>(kCells / kLn2);
  const int n = static_cast<int>(x * kCellsPerLn2 + (x < 0 ? -0.5 : 0.5));
  const double octaves = n * (1.0 / kCells);
  const double r = (x - octaves * kLn2Upper) - (octaves * kLn2Lower - low);
  const double r2 = r * r;
  const double growth = r + r2 * ((1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120)));
  const Pair& root = kRoots[static_cast<unsigned>(n) % kCells];
  const double value = root.high + (root.low + root.high * growth);
  const auto two_to = [](int power) { return std::bit_cast<double>(static_cast<std::uint64_t>(power + 1023) << 52); };
  const int k = n >> 7;
  if (k > 1023) {
    return value * two_to(1023) * 2;
  }
  return k >= -1022 ? value * two_to(k) : value * two_to(k + 100) * two_to(-100);
}

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double sum = coefficients[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

}  // namespace

double exp(double x) { return exp_sum(x, 0); }

double log(double x) {
  if (!(x > 0 && x < kInfinity)) {
    return x == 0 ? -kInfinity : x > 0 ? x : std::numeric_limits<double>::quiet_NaN();
  }
  const auto [exponent, z, cell] = reduce(x);
  const double r = (z - cell.center) * cell.inverse;
  const double r2 = r * r;
  const Pair linear = two_sum(exponent * kLn2High + cell.log_high, r);
  return linear.high + ((linear.low + (exponent * kLn2Low + cell.log_low)) + (r * r2 * log_tail(r) - 0.5 * r2));
}

double pow(double x, double y) {
  if (!(x > 0 && x < kInfinity)) {
    return exp(y * log(x));
  }
  const Pair logarithm = log_pair(x);
  const double rough = y * logarithm.high;
  if (!(rough > -746 && rough < 710)) {
    return exp(rough);
  }
  const Pair product = two_product(y, logarithm.high);
  return exp_sum(product.high, product.low + y * logarithm.low);
}

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
