#pragma once

#include <string>

#include "models/cost/application_cost.h"

namespace knetsim::lab {

/// A new key and a certificate that it has signed itself, both as PEM, the certificate first. @throws LabError
std::string self_signed_pem(TlsKey key);

}  // namespace knetsim::lab
