#include "analysis/proxy_lab/http_clients.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>

#include "analysis/lab/lab_error.h"
#include "analysis/proxy_lab/openssl_owner.h"

namespace knetsim::lab {
namespace {

constexpr timeval kAnswerPatience{.tv_sec = 5, .tv_usec = 0};
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLength = "\r\nContent-Length: ";
constexpr std::string_view kLowerLength = "\r\ncontent-length: ";

using SslContext = Owned<SSL_CTX, SSL_CTX_free>;
using SslSession = Owned<SSL_SESSION, SSL_SESSION_free>;

SslContext client_context(const LabTls& tls, const std::filesystem::path& trusted) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  const int version = tls.version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256");
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  if (SSL_CTX_load_verify_locations(context.get(), trusted.c_str(), nullptr) != 1) {
    throw LabError(fmt::format("no certificate in {}", trusted.string()));
  }
  return context;
}

/// A connection to a server, with TLS or without.
class HttpConnection {
 public:
  HttpConnection(const SocketAddress& to, SSL_CTX* context, SSL_SESSION* resumed) : socket_(tcp_socket()) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerPatience, sizeof kAnswerPatience);
    if (!connect_to(socket_, to)) {
      throw LabError(fmt::format("no connection to {}:{}: {}", to_text(to.address), to.port, std::strerror(errno)));
    }
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), socket_.get());
    if (resumed != nullptr) SSL_set_session(ssl_.get(), resumed);
    if (SSL_connect(ssl_.get()) != 1) {
      throw LabError(fmt::format("no TLS with port {}: {}", to.port, ERR_error_string(ERR_get_error(), nullptr)));
    }
    if (resumed != nullptr && SSL_session_reused(ssl_.get()) != 1) throw LabError("a session was not taken up");
  }
  ~HttpConnection() {  // what ends without a farewell is not resumed
    if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Sends a request and reads the answer to its end, and where it is the last one, to the connection's.
  void ask(const std::string& request, bool last) {
    if (write(request) != static_cast<ssize_t>(request.size())) throw LabError("a request could not be sent");
    head_.clear();
    std::size_t end = 0;
    while ((end = head_.find(kHeadEnd)) == std::string::npos) read_more();
    if (!head_.starts_with("HTTP/1.1 200 ")) throw LabError("an answer is " + head_.substr(0, head_.find('\r')));
    std::size_t missing = length(std::string_view(head_).substr(0, end + 2));
    const std::size_t here = head_.size() - end - kHeadEnd.size();
    missing -= std::min(missing, here);
    while (missing > 0) missing -= std::min(missing, read());
    if (!last) return;
    while (read_or_end() > 0) {
    }
  }
  SslSession session() const { return SslSession(SSL_get1_session(ssl_.get())); }

 private:
  static std::size_t length(std::string_view head) {
    std::size_t at = head.find(kLength);
    if (at == std::string_view::npos) at = head.find(kLowerLength);
    if (at == std::string_view::npos) throw LabError("an answer without a length");
    std::size_t bytes = 0;
    std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), bytes);
    return bytes;
  }

  ssize_t write(const std::string& text) {
    if (ssl_) return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  ssize_t read_or_end() {
    if (ssl_) return SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
    return ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
  }
  std::size_t read() {
    const ssize_t got = read_or_end();
    if (got <= 0) throw LabError(fmt::format("an answer did not come: {}", got == 0 ? "end" : std::strerror(errno)));
    return static_cast<std::size_t>(got);
  }
  void read_more() {
    const std::size_t got = read();
    head_.append(buffer_.data(), got);
  }

  Descriptor socket_;
  Owned<SSL, SSL_free> ssl_;
  std::string head_;
  std::array<char, 65'536> buffer_;  // NOLINT: what is in it is read before it is looked at
};

}  // namespace

struct HttpClients::Client {
  Shared<std::atomic<std::uint64_t>> answers{};
  std::unique_ptr<WorkerProcess> process{};
};

HttpClients::HttpClients(const NetNamespace& from, const HttpClientsOptions& options) {
  const std::string request = fmt::format("GET /{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lab\r\nAccept: */*\r\n{}\r\n",
                                          options.bytes, options.host, options.kept ? "" : "Connection: close\r\n");
  for (std::uint32_t i = 0; i < options.clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    Client& client = *clients_.back();
    const auto work = [&](const WorkerProcess::Ready& ready) {
      from.enter();
      pin_to(options.cpu);
      SslContext context;
      if (options.tls) context = client_context(*options.tls, options.trusted);
      SslSession session;
      std::optional<HttpConnection> connection;
      for (bool first = true; first || !stop_->load(); first = false) {
        if (!connection) connection.emplace(options.asked, context.get(), session.get());
        connection->ask(request, !options.kept);
        if (options.resumed) session = connection->session();  // tickets are for one use
        if (!options.kept) connection.reset();
        client.answers->fetch_add(1, std::memory_order_relaxed);
        if (first) ready();
      }
    };
    client.process = std::make_unique<WorkerProcess>(std::vector{from.descriptor()}, work);
    client.process->wait_until_ready();
  }
}

HttpClients::~HttpClients() = default;

std::uint64_t HttpClients::answers() const {
  return std::accumulate(clients_.begin(), clients_.end(), std::uint64_t{0}, [](std::uint64_t sum, const auto& client) {
    return sum + client->answers->load(std::memory_order_relaxed);
  });
}

std::vector<int> HttpClients::processes() const {
  std::vector<int> ids;
  for (const auto& client : clients_) ids.push_back(client->process->id());
  return ids;
}

void HttpClients::stop() {
  stop_->store(true);
  for (const auto& client : clients_) client->process->wait_until_ended();
}

}  // namespace knetsim::lab
