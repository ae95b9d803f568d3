// What TLS costs its two ends with OpenSSL on this machine's CPU: the figures under `tls` in the default profile. A client and
// a server shake hands over memory, each step charged to the thread's CPU time of its side; the flights' bytes are counted as
// they pass. Certificates are signed by themselves, of one length of names; the client verifies them.

#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Session = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void ensure(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

enum KeyType { kRsa2048, kP256 };

Key make_key(KeyType type) { return Key(type == kRsa2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")); }

Certificate make_certificate(EVP_PKEY* key) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400L * 90);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  const auto text = [&](const char* field, const char* value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(value), -1, -1, 0);
  };
  text("O", "Example");
  text("CN", "shop.example");
  X509_set_issuer_name(made.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "DNS:shop.example");
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  ensure(X509_sign(made.get(), key, EVP_sha256()) > 0, "no certificate");
  return made;
}

/// Two ends of one connection whose bytes go through memory.
class Pair {
 public:
  Pair(SSL_CTX* client, SSL_CTX* server, SSL_SESSION* resumed) : client_(SSL_new(client)), server_(SSL_new(server)) {
    BIO* up[2];
    ensure(BIO_new_bio_pair(&up[0], 1 << 20, &up[1], 1 << 20) == 1, "no pipe");
    SSL_set_bio(client_.get(), up[0], up[0]);
    SSL_set_bio(server_.get(), up[1], up[1]);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    char name[] = "shop.example";
    SSL_ctrl(client_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
    if (resumed != nullptr) SSL_set_session(client_.get(), resumed);
  }

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  /// What ends without a farewell is not resumed.
  ~Pair() {
    for (SSL* side : {client_.get(), server_.get()}) SSL_set_shutdown(side, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }

  struct Shaken {
    double client_seconds = 0;
    double server_seconds = 0;
    std::vector<std::size_t> flights;  ///< Bytes: the client's first, the server's, the client's ...
  };

  Shaken shake_hands() {
    Shaken result;
    bool client_done = false;
    bool server_done = false;
    while (!client_done || !server_done) {
      result.client_seconds += timed([&] { client_done = SSL_do_handshake(client_.get()) == 1; });
      count(client_.get(), result);
      if (client_done && server_done) break;
      result.server_seconds += timed([&] { server_done = SSL_do_handshake(server_.get()) == 1; });
      count(server_.get(), result);
    }
    return result;
  }

  /// Reads what the server has sent beside: a ticket.
  void take_ticket() {
    char byte = 0;
    SSL_read(client_.get(), &byte, 1);
  }

  SSL* client() { return client_.get(); }
  SSL* server() { return server_.get(); }

  template <class Work>
  static double timed(const Work& work) {
    const double before = thread_seconds();
    work();
    return thread_seconds() - before;
  }

 private:
  static void count(SSL* side, Shaken& result) {
    const std::size_t bytes = BIO_ctrl_wpending(SSL_get_wbio(side));
    if (bytes > 0) result.flights.push_back(bytes);
  }

  Ssl client_;
  Ssl server_;
};

struct Ends {
  Key key;
  Certificate certificate;
  Context client{SSL_CTX_new(TLS_client_method())};
  Context server{SSL_CTX_new(TLS_server_method())};

  Ends(KeyType type, int version) : key(make_key(type)), certificate(make_certificate(key.get())) {
    for (SSL_CTX* one : {client.get(), server.get()}) {
      SSL_CTX_set_min_proto_version(one, version);
      SSL_CTX_set_max_proto_version(one, version);
    }
    SSL_CTX_set_cipher_list(client.get(), "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256");
    SSL_CTX_set_ciphersuites(client.get(), "TLS_AES_128_GCM_SHA256");
    ensure(SSL_CTX_use_certificate(server.get(), certificate.get()) == 1, "no certificate");
    ensure(SSL_CTX_use_PrivateKey(server.get(), key.get()) == 1, "no key");
    SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client.get()), certificate.get());
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT);
    const unsigned char id[] = "knetsim";
    SSL_CTX_set_session_id_context(server.get(), id, sizeof(id));
  }
};

void handshake(benchmark::State& state, KeyType type, int version, bool resumed) {
  Ends ends(type, version);
  Session session;
  if (resumed) {
    Pair first(ends.client.get(), ends.server.get(), nullptr);
    first.shake_hands();
    first.take_ticket();
    session.reset(SSL_get1_session(first.client()));
    ensure(SSL_SESSION_is_resumable(session.get()) == 1, "no ticket");
  }
  double client = 0;
  double server = 0;
  Pair::Shaken last;
  for (auto _ : state) {
    Pair pair(ends.client.get(), ends.server.get(), session.get());
    last = pair.shake_hands();
    client += last.client_seconds;
    server += last.server_seconds;
    ensure((SSL_session_reused(pair.client()) == 1) == resumed, "not as wanted");
    if (resumed && version == TLS1_3_VERSION) {  // tickets are for one use
      pair.take_ticket();
      session.reset(SSL_get1_session(pair.client()));
    }
  }
  const auto handshakes = static_cast<double>(state.iterations());
  state.counters["client_us"] = 1e6 * client / handshakes;
  state.counters["server_us"] = 1e6 * server / handshakes;
  for (std::size_t i = 0; i < last.flights.size(); ++i) {
    state.counters["flight" + std::to_string(i + 1)] = static_cast<double>(last.flights[i]);
  }
}
BENCHMARK_CAPTURE(handshake, tls13_rsa2048, kRsa2048, TLS1_3_VERSION, false);
BENCHMARK_CAPTURE(handshake, tls13_p256, kP256, TLS1_3_VERSION, false);
BENCHMARK_CAPTURE(handshake, tls13_rsa2048_resumed, kRsa2048, TLS1_3_VERSION, true);
BENCHMARK_CAPTURE(handshake, tls13_p256_resumed, kP256, TLS1_3_VERSION, true);
BENCHMARK_CAPTURE(handshake, tls12_rsa2048, kRsa2048, TLS1_2_VERSION, false);
BENCHMARK_CAPTURE(handshake, tls12_p256, kP256, TLS1_2_VERSION, false);
BENCHMARK_CAPTURE(handshake, tls12_p256_resumed, kP256, TLS1_2_VERSION, true);

/// Messages of a size: sealed by one end, opened by the other.
void records(benchmark::State& state) {
  Ends ends(kP256, TLS1_3_VERSION);
  Pair pair(ends.client.get(), ends.server.get(), nullptr);
  pair.shake_hands();
  pair.take_ticket();
  std::vector<char> message(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> read(message.size());
  double sealing = 0;
  double opening = 0;
  for (auto _ : state) {
    sealing += Pair::timed(
        [&] { ensure(SSL_write(pair.server(), message.data(), static_cast<int>(message.size())) > 0, "not sent"); });
    opening += Pair::timed([&] {
      for (std::size_t got = 0; got < message.size();) {
        const int one = SSL_read(pair.client(), read.data(), static_cast<int>(read.size()));
        ensure(one > 0, "not read");
        got += static_cast<std::size_t>(one);
      }
    });
  }
  const auto messages = static_cast<double>(state.iterations());
  state.counters["seal_ns"] = 1e9 * sealing / messages;
  state.counters["open_ns"] = 1e9 * opening / messages;
}
BENCHMARK(records)->Arg(1)->Arg(1024)->Arg(16384)->Arg(262144);

}  // namespace
