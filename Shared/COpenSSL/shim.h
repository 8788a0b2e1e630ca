#pragma once
// OpenSSL 3 prefers EVP_Digest, which looks its algorithm up and allocates for each digest; this interface stays for all of 3.x.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
