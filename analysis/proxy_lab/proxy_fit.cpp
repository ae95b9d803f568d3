#include "analysis/proxy_lab/proxy_fit.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <functional>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/least_squares.h"

namespace knetsim::lab {
namespace {

constexpr double kRecordBytes = 16'384;  // of plain text in one, at most (RFC 8446, 5.1)

/// A time in user mode and what it consists of: units of each figure, by the figure's index.
struct UserTime {
  double measured_ps = 0;
  std::map<std::size_t, double> units;
};

/// Figures by name, in order of their first use.
class Figures {
 public:
  std::size_t index(const std::string& name, double before_ps) {
    for (std::size_t i = 0; i < named_.size(); ++i) {
      if (named_[i].name == name) return i;
    }
    named_.push_back({.name = name, .before_ps = before_ps});
    return named_.size() - 1;
  }
  std::vector<ProxyFigure>& all() { return named_; }

 private:
  std::vector<ProxyFigure> named_;
};

double bytes_of(const ProxyCase& one) { return kRequestBytes + kAnswerHeadBytes + one.bytes; }
double records_of(const ProxyCase& one) { return 1 + std::ceil((kAnswerHeadBytes + one.bytes) / kRecordBytes); }

std::string handshake_name(const ProxyCase& one) {
  const LabTls& tls = *one.listener.tls;
  return fmt::format("tls.tls1.{}.{}", tls.version == TlsVersion::Tls13 ? 3 : 2,
                     one.resumed               ? "resumed"
                     : tls.key == TlsKey::P256 ? "p256"
                                               : "rsa2048");
}

HandshakeCost& handshake_of(TlsCost& tls, const ProxyCase& one) {
  TlsVersionCost& version = tls.versions[static_cast<std::size_t>(one.listener.tls->version)];
  return one.resumed ? version.resumed : version.whole[static_cast<std::size_t>(one.listener.tls->key)];
}

class ProxyFitter {
 public:
  ProxyFitter(const std::vector<MeasuredProxy>& measured, const ApplicationCosts& before) : costs_(before) {
    if (!costs_.tls) costs_.tls.emplace();
    for (const MeasuredProxy& one : measured) {
      if (one.held_out) continue;
      const ProxyCase& of = one.proxy_case;
      add_client(one);
      if (!of.proxy.empty()) add_proxy(one);
    }
  }

  ProxyFit fit() {
    std::vector<ProxyFigure>& figures = figures_.all();
    Eigen::VectorXd start(static_cast<Eigen::Index>(figures.size()));
    for (std::size_t i = 0; i < figures.size(); ++i)
      start[static_cast<Eigen::Index>(i)] = std::log(std::max(figures[i].before_ps, kLeast));
    const auto residuals = [&](const Eigen::VectorXd& logs) {
      Eigen::VectorXd off(static_cast<Eigen::Index>(times_.size()));
      for (std::size_t t = 0; t < times_.size(); ++t) {
        double ps = 0;
        for (const auto& [figure, units] : times_[t].units)
          ps += units * std::exp(logs[static_cast<Eigen::Index>(figure)]);
        off[static_cast<Eigen::Index>(t)] = std::log(times_[t].measured_ps / ps);
      }
      return off;
    };
    const LeastSquares best = least_squares(residuals, start);
    const double sum = best.residuals.squaredNorm();
    const auto freedom = static_cast<double>(std::max<std::size_t>(1, times_.size() - figures.size()));
    Eigen::MatrixXd normal = best.slope.transpose() * best.slope;
    normal.diagonal().array() += 1e-9;  // of a figure that hardly counts
    const Eigen::VectorXd variance = normal.inverse().diagonal() * (sum / freedom);
    for (std::size_t i = 0; i < figures.size(); ++i) {
      figures[i].ps = std::exp(best.at[static_cast<Eigen::Index>(i)]);
      figures[i].standard_error = std::sqrt(variance[static_cast<Eigen::Index>(i)]);
      figures[i].measured = figures[i].standard_error < 1;
    }
    for (const auto& put : takers_) put(figures);
    return {.costs = costs_,
            .figures = figures,
            .residual = std::sqrt(sum / static_cast<double>(times_.size())),
            .times = times_.size()};
  }

 private:
  static constexpr double kLeast = 10;  // ps: a start for what the profile says nothing of

  /// A figure that goes to `place` of the costs when it is known.
  std::size_t figure(const std::string& name, const std::function<double&(ApplicationCosts&)>& place) {
    const std::size_t known = figures_.all().size();
    const std::size_t index = figures_.index(name, place(costs_));
    if (index == known) {
      takers_.push_back([this, index, place](const auto& all) {
        if (all[index].measured) place(costs_) = all[index].ps;
      });
    }
    return index;
  }
  /// One of the lab's own programs: no profile holds it.
  std::size_t own(const std::string& name, double about_ps) { return figures_.index(name, about_ps); }

  void add_records(const ProxyCase& of, UserTime& time) {
    time.units[figure("tls.records.record", [](ApplicationCosts& to) -> double& { return to.tls->record_ps; })] +=
        records_of(of);
    time.units[figure("tls.records.byte", [](ApplicationCosts& to) -> double& { return to.tls->byte_ps; })] +=
        bytes_of(of);
  }

  void add_client(const MeasuredProxy& one) {
    const ProxyCase& of = one.proxy_case;
    UserTime time{.measured_ps = 1e3 * one.client_user_ns, .units = {}};
    time.units[own("client.request", 1e6)] = 1;
    if (!of.kept) time.units[own("client.connection", 1e6)] = 1;
    if (of.listener.tls) {
      add_records(of, time);
      if (!of.kept) {
        const auto place = [of](ApplicationCosts& to) -> double& { return handshake_of(*to.tls, of).client_ps; };
        time.units[figure(handshake_name(of) + ".client", place)] = 1;
      }
    }
    times_.push_back(std::move(time));
  }

  void add_proxy(const MeasuredProxy& one) {
    const ProxyCase& of = one.proxy_case;
    UserTime time{.measured_ps = 1e3 * one.proxy_user_ns, .units = {}};
    const auto of_proxy = [&](const char* name, double ProxyCost::*member, double units) {
      const auto place = [proxy = of.proxy, member](ApplicationCosts& to) -> double& {
        return to.proxies[proxy].*member;
      };
      if (units > 0) time.units[figure(fmt::format("proxies.{}.{}", of.proxy, name), place)] = units;
    };
    of_proxy("request", &ProxyCost::request_ps, 1);
    of_proxy("byte", &ProxyCost::byte_ps, bytes_of(of));
    of_proxy("rule", &ProxyCost::rule_ps, of.listener.hosts);
    of_proxy("connection", &ProxyCost::connection_ps, of.kept ? 0 : 1);
    of_proxy("upstream", &ProxyCost::upstream_ps, of.listener.upstream_kept ? 0 : 1);
    if (of.listener.tls) {
      add_records(of, time);
      if (!of.kept) {
        const auto place = [of](ApplicationCosts& to) -> double& { return handshake_of(*to.tls, of).server_ps; };
        time.units[figure(handshake_name(of) + ".server", place)] = 1;
      }
    }
    times_.push_back(std::move(time));
  }

  ApplicationCosts costs_;
  Figures figures_;
  std::vector<UserTime> times_;
  std::vector<std::function<void(const std::vector<ProxyFigure>&)>> takers_;
};

}  // namespace

ProxyFit fit_proxies(const std::vector<MeasuredProxy>& measured, const ApplicationCosts& before,
                     const std::string& origin, const std::map<std::string, std::string>& versions) {
  for (const MeasuredProxy& one : measured) {
    const bool told = one.client_user_ns > 0 && (one.proxy_case.proxy.empty() || one.proxy_user_ns > 0);
    if (!told && !one.held_out) throw LabError("the kernel tells no CPU time in user mode of " + one.proxy_case.name());
  }
  ProxyFit fit = ProxyFitter(measured, before).fit();
  const FigureSource from{.source = origin, .assumption = false};
  for (TlsVersionCost& version : fit.costs.tls->versions) {
    for (HandshakeCost& cost : version.whole) cost.provenance = from;
    version.resumed.provenance = from;
  }
  fit.costs.tls->provenance = from;
  for (const auto& [proxy, version] : versions)
    fit.costs.proxies[proxy].provenance = {.source = fmt::format("{}, {}", version, origin), .assumption = false};
  return fit;
}

}  // namespace knetsim::lab
