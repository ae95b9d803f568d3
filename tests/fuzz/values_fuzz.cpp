// Texts of one value: quantities, units, selectors, paths, numbers. The first byte says which; what a parser takes, its
// formatter gives back so that it is read again as the same value.
#include "fuzz_input.h"
#include "models/cluster/quantity.h"
#include "models/cluster/selector.h"
#include "sim/input/path.h"
#include "sim/input/printable.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim::fuzz {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_one(char which, std::string_view text) {
  switch (static_cast<unsigned char>(which) % 10) {
    case 0: {
      const Quantity quantity = parse_quantity(text);
      quantity.value();
      quantity.milli_value();
      memory_notice(text);
      break;
    }
    case 1: {
      const Duration span = parse_duration(text);
      human(span);
      require(parse_duration(format(span)) == span);
      break;
    }
    case 2: {
      const Rate rate = parse_rate(text);
      human(rate);
      format(rate);
      break;
    }
    case 3: {
      const Bandwidth bandwidth = parse_bandwidth(text);
      human(bandwidth);
      require(parse_bandwidth(format(bandwidth)) == bandwidth);
      break;
    }
    case 4: {
      const Bytes size = parse_size(text);
      human(size);
      require(parse_size(format(size)) == size);
      break;
    }
    case 5:
      parse_percent(text);
      break;
    case 6:
      require(Selector::parse(Selector::parse(text).to_string()).to_string() == Selector::parse(text).to_string());
      break;
    case 7:
      require(Path::parse(Path::parse(text).to_string()).to_string() == Path::parse(text).to_string());
      break;
    case 8:
      to_bool(text);
      to_integer(text);
      to_double(text);
      break;
    default:
      require(printable(printable(text)) == printable(text));
      printable_line(text);
  }
}

}  // namespace

void read(std::string_view text) {
  if (text.empty()) return;
  try {
    read_one(text.front(), text.substr(1));
  } catch (const ValueError&) {
  } catch (const PathError&) {
  }
}

}  // namespace knetsim::fuzz
