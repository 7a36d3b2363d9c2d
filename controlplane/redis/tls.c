/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/tls.h"

#include "command/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/stat.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

struct refusal {
	char *why;
	size_t room;
};

static int refuse_file(const struct refusal *refusal, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(refusal->why, refusal->room, "%.80s: %.40s", file,
	         reason != NULL ? reason : "it cannot be used");
	ERR_clear_error();
	return -EINVAL;
}

/* OpenSSL would wait for the writer of a pipe. */
static int file_check(const struct refusal *refusal, const char *file)
{
	struct stat status;

	errno = 0;
	if (stat(file, &status) == 0 && S_ISREG(status.st_mode))
		return 0;
	snprintf(refusal->why, refusal->room, "%.80s: %s", file,
	         errno != 0 ? strerror(errno) : "it is no file");
	return -EINVAL;
}

/* A key with a passphrase is refused, and nobody is asked for it at a terminal. */
static int on_passphrase(char *text, int room, int writes, void *arg)
{
	return -1;
}

static int authorities_load(SSL_CTX *context, const char *ca, const struct refusal *refusal)
{
	if (ca[0] == '\0')
		return SSL_CTX_set_default_verify_paths(context) == 1
		               ? 0
		               : refuse_file(refusal, "the host's authorities");
	if (file_check(refusal, ca) < 0)
		return -EINVAL;
	return SSL_CTX_load_verify_locations(context, ca, NULL) == 1 ? 0 : refuse_file(refusal, ca);
}

static int certificate_load(SSL_CTX *context, const struct sluice_region_add *region,
                            const struct refusal *refusal)
{
	if (region->cert[0] == '\0')
		return 0;
	if (file_check(refusal, region->cert) < 0 || file_check(refusal, region->key) < 0)
		return -EINVAL;
	if (SSL_CTX_use_certificate_chain_file(context, region->cert) != 1)
		return refuse_file(refusal, region->cert);
	if (SSL_CTX_use_PrivateKey_file(context, region->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return refuse_file(refusal, region->key);
	return 0;
}

SSL_CTX *tls_client_context(const struct sluice_region_add *region, char *why, size_t room)
{
	const struct refusal refusal = {why, room};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL) {
		snprintf(why, room, "no memory");
		return NULL;
	}
	ERR_clear_error();
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(context, on_passphrase);
	if (authorities_load(context, region->ca, &refusal) < 0 ||
	    certificate_load(context, region, &refusal) < 0) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

/* An address stands in no SNI, nor does the dot at the end of an absolute name (RFC 6066, 3). */
bool tls_client_expect(SSL *ssl, const char *server)
{
	char name[HOST_BYTES_MAX + 1]; /* and the dot */
	uint8_t ip[16];
	size_t length;

	if (inet_pton(AF_INET, server, ip) == 1 || inet_pton(AF_INET6, server, ip) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server) == 1;
	length = (size_t)snprintf(name, sizeof(name), "%s", server);
	if (length >= sizeof(name))
		return false;
	if (length > 1 && name[length - 1] == '.')
		name[length - 1] = '\0';
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct bufferevent *tls_client_bufferevent(struct event_base *base, SSL_CTX *context,
                                           const char *server, int options)
{
	SSL *ssl = SSL_new(context);
	struct bufferevent *bev;

	if (ssl == NULL || !tls_client_expect(ssl, server)) {
		SSL_free(ssl);
		return NULL;
	}
	/* It frees the SSL where it fails. */
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
	                                     options | BEV_OPT_CLOSE_ON_FREE);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

bool tls_client_why(struct bufferevent *bev, char *why, size_t room)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	const char *reason;
	long verified;

	if (ssl == NULL)
		return false;
	verified = SSL_get_verify_result(ssl);
	if (verified != X509_V_OK) {
		snprintf(why, room, "its certificate is refused: %s",
		         X509_verify_cert_error_string(verified));
		return true;
	}
	reason = ERR_reason_error_string(bufferevent_get_openssl_error(bev));
	if (reason == NULL)
		return false;
	snprintf(why, room, "TLS fails: %s", reason);
	return true;
}
