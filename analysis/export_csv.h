#pragma once

#include <ostream>

#include "sim/output/data_file.h"

namespace knetsim {

/// Writes a group as one CSV table (RFC 4180: CRLF, quotes where needed, a header line), one line for each cell of its
/// axes:
///   - first a column for each axis and for what only labels it (`variant`, `replicate` along `run`), then one for each
///     variable; a variable along fewer axes is repeated;
///   - the axis `quantile` runs across: `latency_quantile[0.99]`;
///   - in a group with contiguous ragged rows (`row_size`) a line is one element of a row, with the labels of its row;
///   - a group whose variables share no axes (`provenance`) becomes `name,index,value`.
/// Numbers are in the unit of the variable (scale_factor applied) with as many digits as give the same double back; NaN
/// is an empty field. A text that begins with = + - @, a tab or a carriage return has an apostrophe before it, so that
/// no spreadsheet computes it.
void export_csv(const DataGroup& group, std::ostream& out);

}  // namespace knetsim
