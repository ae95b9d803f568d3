#include "analysis/proxy_lab/tls_files.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "analysis/lab/lab_error.h"
#include "analysis/proxy_lab/openssl_owner.h"

namespace knetsim::lab {
namespace {

constexpr long kDay = 86'400;

}  // namespace

std::string self_signed_pem(TlsKey type) {
  const Owned<EVP_PKEY, EVP_PKEY_free> key(type == TlsKey::Rsa2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  const Owned<X509, X509_free> certificate(X509_new());
  const Owned<BIO, BIO_free> text(BIO_new(BIO_s_mem()));
  if (!key || !certificate || !text) throw LabError("OpenSSL makes no key");
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 90 * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* value = reinterpret_cast<const unsigned char*>("shop.example");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, value, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0 ||
      PEM_write_bio_X509(text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw LabError("OpenSSL signs no certificate");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace knetsim::lab
