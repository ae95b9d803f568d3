#include "models/proxy/endpoint_chooser.h"

namespace knetsim {
namespace {

class RandomChooser final : public EndpointChooser {
 public:
  explicit RandomChooser(RandomStreams streams) : streams_(streams) {}
  std::uint32_t choose(const NewConnection& connection, std::span<const Endpoint> endpoints, Time /*now*/) override {
    return static_cast<std::uint32_t>(streams_.get(kEndpointDraw, connection.id).below(endpoints.size()));
  }

 private:
  RandomStreams streams_;
};

}  // namespace

std::unique_ptr<EndpointChooser> random_chooser(RandomStreams streams) {
  return std::make_unique<RandomChooser>(streams);
}

}  // namespace knetsim
