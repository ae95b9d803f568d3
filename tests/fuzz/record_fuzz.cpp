// Measurement records, what `calibrate --save` writes.
#include "analysis/lab/lab_error.h"
#include "analysis/lab/measurement_record.h"
#include "fuzz_input.h"
#include "sim/input/input_file.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.json", text);
  try {
    lab::record_text(lab::read_record(*input));
  } catch (const lab::LabError&) {
  }
}
