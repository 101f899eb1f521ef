/* OpenSSL with memory on both sides, so that it writes to no socket and no signal can come of it. */
#include "cache/redis/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"

struct rl_tls_trust {
  SSL_CTX *context;
};

struct rl_tls {
  SSL *ssl;
  BIO *received, *to_send; /* owned by ssl */
};

rl_tls_trust *rl_tls_trust_new(const char *ca, const char **problem) {
  rl_tls_trust *t = rl_calloc(1, sizeof *t);
  *problem = "out of memory";
  if (!t) return NULL;
  t->context = SSL_CTX_new(TLS_client_method());
  if (t->context) {
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    *problem = "the file of authorities cannot be read";
    bool good = SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1;
    if (good && ca) good = SSL_CTX_load_verify_locations(t->context, ca, NULL) == 1;
    if (good && !ca) good = SSL_CTX_set_default_verify_paths(t->context) == 1;
    if (good) return t;
  }
  ERR_clear_error();
  rl_tls_trust_free(t);
  return NULL;
}

void rl_tls_trust_free(rl_tls_trust *t) {
  if (!t) return;
  SSL_CTX_free(t->context);
  rl_free(t);
}

/* A host is an address or a name. Only names go into the request for a certificate. */
static bool set_host(SSL *ssl, const char *host) {
  X509_VERIFY_PARAM *checks = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(checks, host) == 1) return true;
  ERR_clear_error();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

rl_tls *rl_tls_new(const rl_tls_trust *trust, const char *host) {
  rl_tls *t = rl_calloc(1, sizeof *t);
  if (!t) return NULL;
  t->ssl = SSL_new(trust->context);
  t->received = BIO_new(BIO_s_mem());
  t->to_send = BIO_new(BIO_s_mem());
  if (!t->ssl || !t->received || !t->to_send) {
    BIO_free(t->received);
    BIO_free(t->to_send);
    t->received = t->to_send = NULL;
  } else {
    SSL_set_bio(t->ssl, t->received, t->to_send);
    SSL_set_connect_state(t->ssl);
    if (set_host(t->ssl, host)) return t;
  }
  ERR_clear_error();
  rl_tls_free(t);
  return NULL;
}

void rl_tls_free(rl_tls *t) {
  if (!t) return;
  SSL_free(t->ssl);
  rl_free(t);
}

rille_status rl_tls_shake(rl_tls *t, const char **problem) {
  ERR_clear_error();
  int n = SSL_do_handshake(t->ssl);
  if (n == 1) return RILLE_OK;
  int why = SSL_get_error(t->ssl, n);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return RILLE_AGAIN;
  long checked = SSL_get_verify_result(t->ssl);
  *problem = checked != X509_V_OK ? X509_verify_cert_error_string(checked) : "the TLS handshake failed";
  ERR_clear_error();
  return RILLE_ERROR;
}

bool rl_tls_write(rl_tls *t, const char *bytes, size_t len) {
  ERR_clear_error();
  while (len > 0) {
    int n = SSL_write(t->ssl, bytes, len > INT_MAX ? INT_MAX : (int)len);
    if (n <= 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

bool rl_tls_take_out(rl_tls *t, rl_buf *out) {
  char some[4096];
  for (int n; (n = BIO_read(t->to_send, some, sizeof some)) > 0;) rl_buf_put(out, some, (size_t)n);
  return !out->failed;
}

bool rl_tls_feed(rl_tls *t, const char *bytes, size_t len) {
  return len <= INT_MAX && BIO_write(t->received, bytes, (int)len) == (int)len;
}

int rl_tls_read(rl_tls *t, char *bytes, size_t size) {
  ERR_clear_error();
  int n = SSL_read(t->ssl, bytes, size > INT_MAX ? INT_MAX : (int)size);
  if (n > 0) return n;
  int why = SSL_get_error(t->ssl, n);
  ERR_clear_error();
  return why == SSL_ERROR_WANT_READ ? 0 : -1;
}
