#include "app/cli/proxy_lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/lab/kernel_check.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/machine_noise.h"
#include "analysis/lab/profile_text.h"
#include "analysis/lab/surroundings.h"
#include "analysis/lab/verdict.h"
#include "analysis/proxy_lab/proxy_fit.h"
#include "analysis/proxy_lab/running_proxy.h"
#include "app/cli/exit_code.h"
#include "app/cli/load_tables.h"
#include "app/cli/text_table.h"
#include "app/experiment/proxy_prediction.h"

namespace knetsim {
namespace {

/// What was measured, and on what.
struct ProxySession {
  lab::LabMachine machine;
  std::map<std::string, std::string> versions;  ///< By proxy.
  std::vector<lab::MeasuredProxy> measured;
  lab::MachineNoise noise;
};

ProxySession measure_session(bool fitted, bool held_out, std::uint32_t rounds, const CommandContext& context) {
  const lab::Surroundings here = enter_lab(context);
  const std::vector<std::string> proxies = lab::installed_proxies();
  if (proxies.empty()) throw lab::LabError("neither nginx nor haproxy is installed here: ./dev setup proxies");
  ProxySession session{.machine = {.processor = here.processor, .kernel = here.kernel, .date = today(), .note = {}},
                       .versions = {},
                       .measured = {},
                       .noise = {}};
  for (const std::string_view proxy : lab::kLabProxies) {
    const std::string name(proxy);
    if (std::ranges::find(proxies, name) != proxies.end()) {
      session.versions[name] = lab::proxy_version(name);
    } else if (context.says(LogLevel::Warning)) {
      fmt::print(stderr, "note: {} is not installed: left out (./dev setup proxies)\n", name);
    }
  }
  ShownProgress progress(context);
  const lab::NoiseWatch watch(here.cpus);
  session.measured =
      lab::measure_proxies(fitted ? lab::proxy_calibration_cases(proxies) : lab::proxy_own_cases(),
                           held_out ? lab::proxy_held_out_cases(proxies) : std::vector<lab::ProxyCase>{},
                           {.cpu = here.cpus.front(), .rounds = rounds, .on_progress = progress.shower()});
  session.noise = watch.finish();
  return session;
}

lab::ProxyFit fitted_to(const ProxySession& session, const CostProfile& before) {
  return lab::fit_proxies(session.measured, before.applications, "measured on " + session.machine.text(),
                          session.versions);
}

CostProfile with_proxies(CostProfile profile, const lab::ProxyFit& fit) {
  profile.applications = fit.costs;
  return profile;
}

std::string written_profile(const CostProfile& profile, const ProxySession& session) {
  return lab::profile_text(
      profile, {fmt::format("Profile '{}' with TLS and proxies as measured. Written by 'knetsim calibrate --proxies'.",
                            profile.name),
                session.machine.text()});
}

std::string figure_text(const std::string& name, double ps) {
  if (name.ends_with(".byte")) return fmt::format("{:.3f} ns", ps * 1e-3);
  return fmt::format("{:.2f} us", ps * 1e-6);
}

void print_fit(const lab::ProxyFit& fit, const ProxySession& session) {
  TextTable table({"figure", "before", "measured", "±"}, {1, 2, 3});
  for (const lab::ProxyFigure& one : fit.figures) {
    if (one.name.starts_with("client.")) continue;  // the lab's own
    table.add({one.name, figure_text(one.name, one.before_ps), one.measured ? figure_text(one.name, one.ps) : "-",
               one.measured ? fmt::format("{:.0f} %", 100 * one.standard_error) : "cannot tell"});
  }
  fmt::print("{}\n{}", session.machine.text(), table.render(2));
  fmt::print("{} times in user mode, fitted to {:.1f} %\n", fit.times, 100 * fit.residual);
}

/// A measured figure beside the predicted one.
struct CheckedFigure {
  std::string of;
  std::string what;  ///< "requests/s", "CPU time", "alone"
  lab::Estimate measured;
  double predicted = 0;
  double constant = 0;
  lab::Verdict verdict = lab::Verdict::CannotTell;
};

struct ProxyCheck {
  std::vector<CheckedFigure> figures;
  lab::VerdictCount verdicts;
  double error_median = 0;
  double constant_median = 0;
};

LabPrograms programs_of(const ProxySession& session) {
  for (const lab::MeasuredProxy& one : session.measured) {
    if (one.proxy_case == lab::ProxyCase{})
      return {.client_user_ns = one.client_user_ns, .upstream_user_ns = one.upstream_user_ns};
  }
  throw lab::LabError("the lab's own programs were not measured");
}

ProxyCheck check(const ProxySession& session, const CostProfile& profile) {
  ProxyCheck made;
  const LabPrograms programs = programs_of(session);
  const bool quiet = lab::complaints(session.noise).empty();
  for (const lab::MeasuredProxy& one : session.measured) {
    if (!one.held_out) continue;
    const ProxyPrediction predicted = predict_proxy(one.proxy_case, programs, profile);
    const std::string name = one.proxy_case.name();
    made.figures.push_back({.of = name, .what = "requests/s", .measured = one.rate, .predicted = predicted.rate});
    made.figures.push_back({.of = name, .what = "CPU time", .measured = one.cpu_ns, .predicted = predicted.cpu_ns});
    made.figures.push_back({.of = name, .what = "alone", .measured = one.alone_ns, .predicted = predicted.alone_ns});
  }
  std::vector<double> errors;
  std::vector<double> constant_errors;
  for (CheckedFigure& one : made.figures) {
    std::vector<double> alike;
    for (const CheckedFigure& other : made.figures) {
      if (other.what == one.what) alike.push_back(other.measured.value);
    }
    one.constant = lab::median_of(alike).value;
    const double slack = lab::kRelativeTolerance * one.measured.value;
    one.verdict = quiet ? lab::judge(one.predicted, one.measured, slack) : lab::Verdict::CannotTell;
    made.verdicts.add(one.verdict);
    errors.push_back(std::abs(std::log(one.predicted / one.measured.value)));
    constant_errors.push_back(std::abs(std::log(one.constant / one.measured.value)));
  }
  made.error_median = lab::median_of(errors).value;
  made.constant_median = lab::median_of(constant_errors).value;
  return made;
}

std::string checked_text(const CheckedFigure& one, double value) {
  return one.what == "requests/s" ? fmt::format("{:.0f}", value) : fmt::format("{:.1f} us", value * 1e-3);
}

void print_check(const ProxyCheck& of, const ProxySession& session, const CostProfile& profile, bool markdown) {
  std::vector<std::string> versions;
  for (const auto& [name, version] : session.versions) versions.push_back(version);
  fmt::print("{}Proxies on {}: {}; profile '{}' ({})\n\n", markdown ? "## " : "", session.machine.text(),
             fmt::join(versions, ", "), profile.name, profile.machine);
  if (markdown) {
    fmt::print(
        "| asked | figure | measured | 95 % | predicted | error | |\n| --- | --- | ---: | ---: | ---: | ---: | --- "
        "|\n");
    for (const CheckedFigure& one : of.figures) {
      fmt::print("| {} | {} | {} | {} to {} | {} | {:+.0f} % | {} |\n", one.of, one.what,
                 checked_text(one, one.measured.value), checked_text(one, one.measured.low),
                 checked_text(one, one.measured.high), checked_text(one, one.predicted),
                 100 * (one.predicted / one.measured.value - 1), lab::verdict_name(one.verdict));
    }
  } else {
    TextTable table({"", "measured", "95 %", "predicted", "error", ""}, {1, 2, 3, 4});
    std::string section;
    for (const CheckedFigure& one : of.figures) {
      if (one.of != section) table.section(section = one.of);
      table.add({"  " + one.what, checked_text(one, one.measured.value),
                 fmt::format("{} to {}", checked_text(one, one.measured.low), checked_text(one, one.measured.high)),
                 checked_text(one, one.predicted),
                 fmt::format("{:+.0f} %", 100 * (one.predicted / one.measured.value - 1)),
                 lab::verdict_name(one.verdict)});
    }
    fmt::print("{}", table.render(2));
  }
  fmt::print(
      "\n{} met, {} missed, {} cannot be told (within 15 %). Median error {:.0f} %; of the best single constant "
      "of each figure {:.0f} %.\n",
      of.verdicts.met, of.verdicts.missed, of.verdicts.untold, 100 * of.error_median, 100 * of.constant_median);
  fmt::print("{}", noise_text(session.noise));
}

void print_check_json(const ProxyCheck& of, const ProxySession& session, const CostProfile& profile) {
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion},
                                 {"machine", session.machine.text()},
                                 {"profile", profile.name},
                                 {"versions", session.versions},
                                 {"median_error", of.error_median},
                                 {"median_error_of_a_constant", of.constant_median}};
  json["figures"] = nlohmann::ordered_json::array();
  for (const CheckedFigure& one : of.figures) {
    json["figures"].push_back({{"case", one.of},
                               {"figure", one.what},
                               {"unit", one.what == "requests/s" ? "1/s" : "ns"},
                               {"measured", {one.measured.low, one.measured.value, one.measured.high}},
                               {"predicted", one.predicted},
                               {"constant", one.constant},
                               {"verdict", lab::verdict_name(one.verdict)}});
  }
  json["measured"] = nlohmann::ordered_json::array();
  for (const lab::MeasuredProxy& one : session.measured) {
    json["measured"].push_back({{"case", one.proxy_case.name()},
                                {"held_out", one.held_out},
                                {"requests_per_s", one.rate.value},
                                {"cpu_ns", one.cpu_ns.value},
                                {"proxy_user_ns", one.proxy_user_ns},
                                {"client_user_ns", one.client_user_ns},
                                {"upstream_user_ns", one.upstream_user_ns}});
  }
  json["noise"] = load_json(session.noise);
  print_json(json);
}

}  // namespace

int calibrate_proxies(const std::string& out, const std::string& before, const LabOptions& lab_options,
                      OutputFiles& files, const CommandContext& context) {
  const CostProfile profile = read_profile(before);
  const ProxySession session = measure_session(true, false, lab_options.rounds, context);
  const lab::ProxyFit fit = fitted_to(session, profile);
  files.write(out, written_profile(with_proxies(profile, fit), session));
  print_fit(fit, session);
  fmt::print("\n{}", noise_text(session.noise));
  files.finish();
  fmt::print("Wrote {}      next: knetsim verify --kernel --proxies --profile {}\n", out, out);
  return exit_code::kDone;
}

int verify_proxies(const ProxyVerifyArguments& arguments, const CommandContext& context) {
  const bool calibrate = !arguments.calibrate.empty();
  OutputFiles files = files_of(arguments.lab);
  files.reads(arguments.profile);
  files.will_write(arguments.calibrate);
  CostProfile profile = read_profile(arguments.profile);
  const ProxySession session = measure_session(calibrate, true, arguments.lab.rounds, context);
  if (calibrate) {
    const lab::ProxyFit fit = fitted_to(session, profile);
    profile = with_proxies(profile, fit);
    files.write(arguments.calibrate, written_profile(profile, session));
    if (arguments.format == "table") {
      print_fit(fit, session);
      fmt::print("\n");
    }
  }
  const ProxyCheck checked = check(session, profile);
  if (arguments.format == "json") {
    print_check_json(checked, session, profile);
  } else {
    print_check(checked, session, profile, arguments.format == "markdown");
  }
  files.finish();
  return exit_code::kDone;
}

}  // namespace knetsim
