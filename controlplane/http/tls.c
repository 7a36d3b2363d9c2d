/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTPS: a page on plain HTTP gets no camera from its browser. */
#include "http/server.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sys/stat.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* file: what OpenSSL was about. */
static int refuse(const char *file, char *why)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(error);

	snprintf(why, SLUICE_API_ERROR_MAX, "%.140s: %.100s", file,
	         reason != NULL ? reason : "it cannot be used");
	ERR_clear_error();
	return -EINVAL;
}

/* Nothing else is spoken over it. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *length,
                   const unsigned char *in, unsigned int in_length, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";

	return SSL_select_next_proto((unsigned char **)out, length, ours, sizeof(ours) - 1, in,
	                             in_length) == OPENSSL_NPN_NEGOTIATED
	               ? SSL_TLSEXT_ERR_OK
	               : SSL_TLSEXT_ERR_NOACK;
}

/* A key with a passphrase is refused, and nobody asked for it at a terminal. */
static int on_passphrase(char *text, int room, int writes, void *arg)
{
	return -1;
}

/* OpenSSL would wait for the writer of a pipe. */
static int file_check(const char *path, char *why)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX, "%.140s: there is no such file", path);
	return -EINVAL;
}

static int context_load(SSL_CTX *context, const struct sluice_http_tls *files, char *why)
{
	int error = file_check(files->cert, why);

	if (error == 0)
		error = file_check(files->key, why);
	if (error < 0)
		return error;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
		return refuse(files->cert, why);
	if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return refuse(files->key, why);
	return 0;
}

/* Connections that are there keep theirs. */
int tls_obey(struct http *http, const struct sluice_http_tls *files, char *why)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int error;

	if (context == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "no memory");
		return -ENOMEM;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
	SSL_CTX_set_default_passwd_cb(context, on_passphrase);
	error = context_load(context, files, why);
	if (error < 0) {
		SSL_CTX_free(context);
		return error;
	}
	SSL_CTX_free(http->tls.context);
	http->tls.context = context;
	http->tls.files = *files;
	return 0;
}

uint64_t tls_expires(const struct http *http)
{
	SSL_CTX *context = http->tls.context;
	const X509 *certificate = context != NULL ? SSL_CTX_get0_certificate(context) : NULL;
	struct tm tm;

	if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	return (uint64_t)timegm(&tm);
}

void http_tls_again(struct http *http)
{
	struct sluice_http_tls files = http->tls.files;
	char why[SLUICE_API_ERROR_MAX];

	if (http->tls.context == NULL)
		return;
	if (tls_obey(http, &files, why) < 0)
		log_warning(SLUICE_LOG_HTTP, "http tls: the certificate stays the old one: %s",
		            why);
	else
		log_info(SLUICE_LOG_HTTP, "http tls: read %s again", files.cert);
}

struct bufferevent *tls_bufferevent(struct http *http)
{
	SSL *ssl = http->tls.context != NULL ? SSL_new(http->tls.context) : NULL;
	struct bufferevent *bev;

	if (ssl == NULL)
		return NULL;
	/* It frees the SSL where it fails. */
	bev = bufferevent_openssl_socket_new(http->base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
	                                     BEV_OPT_CLOSE_ON_FREE);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void tls_end(struct http *http)
{
	SSL_CTX_free(http->tls.context);
	http->tls = (struct http_tls){0};
}
