#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/cost/step_kind.h"
#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/binder.h"

namespace knetsim {

// A cost profile's keys as they stand in the file. Every figure says where it comes from.

/// Where a figure comes from, as it stands beside it.
struct FigureKeys {
  std::string source;
  bool assumption = false;
};

struct StepCostKeys : FigureKeys {
  Duration median{};
  double sigma = 0;
};
void describe(Fields<StepCostKeys>& f);

struct ScanCostKeys : FigureKeys {
  Duration warm{};
  std::optional<Duration> far;
  Duration cold{};
  Bytes cache{};
  Duration forget{};
  double sigma = 0;
};
void describe(Fields<ScanCostKeys>& f);

struct InterruptionKeys : FigureKeys {
  Rate rate{};
  Duration median{};
  double sigma = 0;
};
void describe(Fields<InterruptionKeys>& f);

struct ColdKeys {
  double factor = 1;
  std::string source;
};
void describe(Fields<ColdKeys>& f);

struct HandshakeKeys : FigureKeys {
  Duration client{};
  Duration server{};
};
void describe(Fields<HandshakeKeys>& f);

struct TlsVersionKeys {
  HandshakeKeys rsa2048, p256, resumed;
};
void describe(Fields<TlsVersionKeys>& f);

struct RecordKeys : FigureKeys {
  Duration record{};
  Duration byte{};
};
void describe(Fields<RecordKeys>& f);

struct TlsCostKeys {
  TlsVersionKeys tls12, tls13;
  RecordKeys records;
};
void describe(Fields<TlsCostKeys>& f);

struct ProxyCostKeys : FigureKeys {
  Duration request{};
  Duration byte{};
  Duration rule{};
  Duration connection{};
  Duration upstream{};
};
void describe(Fields<ProxyCostKeys>& f);

struct BaseKeys {
  std::string profile;
  std::optional<double> factor;
  std::string source;
};
void describe(Fields<BaseKeys>& f);

struct ProfileMetadataKeys {
  std::string name;
};
void describe(Fields<ProfileMetadataKeys>& f);

/// A key for each kind of step whose figure is a cost, and for each whose rules are scanned; shape (kStepKinds,).
struct StepsKeys {
  std::array<std::optional<StepCostKeys>, kStepKinds> of;
  Node at;
};
void describe(Fields<StepsKeys>& f);
struct ScansKeys {
  std::array<std::optional<ScanCostKeys>, kStepKinds> of;
  Node at;
};
void describe(Fields<ScansKeys>& f);

struct ProfileKeys {
  std::string api_version;
  std::string kind;
  ProfileMetadataKeys metadata;
  std::string machine;
  std::optional<BaseKeys> base;
  StepsKeys steps;
  ScansKeys scans;
  std::optional<InterruptionKeys> interruptions;
  std::optional<ColdKeys> cold;
  std::optional<TlsCostKeys> tls;
  std::vector<std::pair<std::string, ProxyCostKeys>> proxies;
};
void describe(Fields<ProfileKeys>& f);

}  // namespace knetsim
