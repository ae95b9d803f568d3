#pragma once

#include <nlohmann/json.hpp>

#include "analysis/lab/load_measurement.h"
#include "analysis/lab/machine_noise.h"
#include "analysis/lab/measurement.h"
#include "analysis/lab/rule_loading.h"
#include "sim/input/binder.h"

namespace knetsim::lab {

// Parts of a record of measurements, each in both directions: describe() says how it is read, json_of() writes it.

void describe(EnumValues<LabProxy>& v);
void describe(EnumValues<Placement>& v);
void describe(Fields<LabCase>& f);
void describe(Fields<Estimate>& f);
void describe(Fields<MeasuredLoad>& f);
void describe(Fields<MeasuredRuleLoad>& f);
void describe(Fields<MachineNoise>& f);

nlohmann::ordered_json json_of(const LabCase& one);
nlohmann::ordered_json json_of(const MeasuredLoad& one);
nlohmann::ordered_json json_of(const MeasuredRuleLoad& one);
nlohmann::ordered_json json_of(const MachineNoise& noise);

}  // namespace knetsim::lab
