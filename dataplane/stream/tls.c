/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls.h"

#include "common/refuse.h"
#include "dtls/datagram.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 7443 */
#define ALPN_TURN "stun.turn"

struct tls_certificate {
	char name[SLUICE_TURN_NAME_MAX];
	SSL_CTX *context;
	SSL_CTX *datagrams; /* of DTLS */
};

struct tls_set {
	uint32_t holders; /* atomic */
	uint32_t count;
	struct tls_certificate list[SLUICE_TURN_CERTIFICATES_MAX];
};

struct tls_set *tls_set_create(void)
{
	struct tls_set *set = calloc(1, sizeof(*set));

	if (set != NULL)
		set->holders = 1;
	return set;
}

struct tls_set *tls_set_hold(struct tls_set *set)
{
	if (set != NULL)
		__atomic_add_fetch(&set->holders, 1, __ATOMIC_RELAXED);
	return set;
}

static void certificate_free(struct tls_certificate *certificate)
{
	SSL_CTX_free(certificate->context);
	SSL_CTX_free(certificate->datagrams);
}

void tls_set_release(struct tls_set *set)
{
	if (set == NULL || __atomic_sub_fetch(&set->holders, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (uint32_t i = 0; i < set->count; i++)
		certificate_free(&set->list[i]);
	free(set);
}

uint32_t tls_set_count(const struct tls_set *set)
{
	return set != NULL ? set->count : 0;
}

/* -- which certificate -- */

static bool certificate_names(const struct tls_certificate *certificate, const char *asked)
{
	if (certificate->name[0] != '\0')
		return strcasecmp(certificate->name, asked) == 0;
	return X509_check_host(SSL_CTX_get0_certificate(certificate->context), asked, 0, 0, NULL) ==
	       1;
}

/* What was given this name, else what says it of itself, else the first one. */
static const struct tls_certificate *certificate_choose(const struct tls_set *set,
                                                        const char *asked)
{
	for (uint32_t named = 1; asked != NULL && named < 2; named--)
		for (uint32_t i = 0; i < set->count; i++)
			if ((set->list[i].name[0] != '\0') == named &&
			    certificate_names(&set->list[i], asked))
				return &set->list[i];
	return &set->list[0];
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_set *const *holder = SSL_get_app_data(ssl);
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct tls_certificate *chosen;

	if (*holder == NULL)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	chosen = certificate_choose(*holder, asked);
	SSL_set_SSL_CTX(ssl, SSL_is_dtls(ssl) ? chosen->datagrams : chosen->context);
	return SSL_TLSEXT_ERR_OK;
}

/* Clients that offer other protocols alone are served as well: many offer a browser's. */
static int on_protocols(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                        const unsigned char *offered, unsigned int offered_length, void *arg)
{
	static const unsigned char ours[] = "\x09" ALPN_TURN;
	unsigned char *found;

	if (SSL_select_next_proto(&found, length, ours, sizeof(ours) - 1, offered,
	                          offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*chosen = found;
	return SSL_TLSEXT_ERR_OK;
}

/* Key updates and renegotiations are neither data nor an end: somebody has to count them. */
static void on_message(int written, int version, int type, const void *bytes, size_t length,
                       SSL *ssl, void *arg)
{
	uint32_t *messages = arg;

	if (!written && type == SSL3_RT_HANDSHAKE && messages != NULL)
		++*messages;
}

/* -- from text -- */

static SSL_CTX *context_create(const SSL_METHOD *method, int version)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(context, version);
	/* not the kernel's TLS: OpenSSL 3.2 and later loses what was read ahead of a change of keys
	 * where it tries that and the kernel has none */
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                     SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	                                     SSL_OP_PRIORITIZE_CHACHA);
	/* an idle client has no buffers; what waits moves as it grows */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* a read ends with what one read of the socket has brought, whatever that was */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_tlsext_servername_callback(context, on_name);
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
	return context;
}

/* It was ours when it came (stream/hello.h). */
static int on_cookie(SSL *ssl, const unsigned char *cookie, unsigned int length)
{
	return 1;
}

/* A read ends with the datagram. */
static SSL_CTX *datagrams_create(void)
{
	SSL_CTX *context = context_create(DTLS_server_method(), DTLS1_2_VERSION);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_cookie_verify_cb(context, on_cookie);
	return context;
}

/* Nobody is asked at a terminal. */
static int no_password(char *room, int size, int writes, void *arg)
{
	return 0;
}

/* The chain's certificates behind the first one. */
static bool chain_read(SSL_CTX *context, BIO *text)
{
	X509 *certificate;

	while ((certificate = PEM_read_bio_X509(text, NULL, no_password, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
			X509_free(certificate);
			return false;
		}
	/* what ends the text is no fault */
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool certificate_read(SSL_CTX *context, const char *text, uint32_t length)
{
	BIO *bio = BIO_new_mem_buf(text, (int)length);
	X509 *certificate =
	        bio != NULL ? PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL) : NULL;
	bool read = certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1 &&
	            chain_read(context, bio);

	X509_free(certificate);
	BIO_free(bio);
	return read;
}

static bool key_read(SSL_CTX *context, const char *text, uint32_t length)
{
	BIO *bio = BIO_new_mem_buf(text, (int)length);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	bool read = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return read;
}

static int openssl_refuse(char *why, const char *what)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

	ERR_clear_error();
	return refuse(why, -EINVAL, "%s: %s", what, reason != NULL ? reason : "it is none");
}

static int context_fill(SSL_CTX *context, const struct sluice_turn_certificate_put *put, char *why)
{
	ERR_clear_error();
	if (!certificate_read(context, put->text, put->certificate_length))
		return openssl_refuse(why, "the certificate cannot be used");
	ERR_clear_error();
	if (!key_read(context, put->text + put->certificate_length, put->key_length) ||
	    SSL_CTX_check_private_key(context) != 1)
		return openssl_refuse(why, "the key cannot be used");
	return 0;
}

int tls_set_add(struct tls_set *set, const struct sluice_turn_certificate_put *put, char *why)
{
	struct tls_certificate *certificate = &set->list[set->count];
	int error;

	if (set->count == SLUICE_TURN_CERTIFICATES_MAX ||
	    put->certificate_length > sizeof(put->text) ||
	    put->key_length > sizeof(put->text) - put->certificate_length)
		return refuse(why, -EINVAL, "a certificate's text and its key's are too long");
	certificate->context = context_create(TLS_server_method(), TLS1_2_VERSION);
	certificate->datagrams = datagrams_create();
	error = certificate->context != NULL && certificate->datagrams != NULL
	                ? context_fill(certificate->context, put, why)
	                : refuse(why, -ENOMEM, "no memory for a certificate");
	if (error == 0)
		error = context_fill(certificate->datagrams, put, why);
	if (error != 0) {
		certificate_free(certificate);
		return error;
	}
	memcpy(certificate->name, put->name, sizeof(certificate->name));
	certificate->name[sizeof(certificate->name) - 1] = '\0';
	set->count++;
	return 0;
}

/* -- shown -- */

static void subject_write(const X509 *certificate, char *text, size_t room)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	text[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && text[0] == '\0'; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			snprintf(text, room, "%.*s", ASN1_STRING_length(name->d.dNSName),
			         (const char *)ASN1_STRING_get0_data(name->d.dNSName));
	}
	GENERAL_NAMES_free(names);
	if (text[0] == '\0')
		X509_NAME_oneline(X509_get_subject_name(certificate), text, (int)room);
}

void tls_set_show(const struct tls_set *set, uint32_t index,
                  struct sluice_turn_certificate_row *row)
{
	const struct tls_certificate *certificate = &set->list[index];
	const X509 *x509 = SSL_CTX_get0_certificate(certificate->context);
	struct tm expires;

	*row = (struct sluice_turn_certificate_row){0};
	memcpy(row->name, certificate->name, sizeof(row->name));
	subject_write(x509, row->subject, sizeof(row->subject));
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &expires) == 1)
		row->expires = (uint64_t)timegm(&expires);
}

/* -- connections -- */

static void ssl_fill(SSL *ssl, struct tls_set *const *holder, uint32_t *messages)
{
	SSL_set_app_data(ssl, (void *)(uintptr_t)holder);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, messages);
	SSL_set_accept_state(ssl);
}

SSL *tls_begin(struct tls_set *const *holder, int fd, uint32_t *messages)
{
	SSL *ssl = SSL_new((*holder)->list[0].context);

	if (ssl == NULL)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	ssl_fill(ssl, holder, messages);
	return ssl;
}

SSL *tls_begin_datagrams(struct tls_set *const *holder, BIO *bio, uint32_t *messages)
{
	SSL *ssl = bio != NULL ? SSL_new((*holder)->list[0].datagrams) : NULL;

	if (ssl == NULL) {
		BIO_free(bio);
		return NULL;
	}
	SSL_set_bio(ssl, bio, bio);
	SSL_set_mtu(ssl, DATAGRAM_MTU);
	ssl_fill(ssl, holder, messages);
	return ssl;
}

bool tls_listen(SSL *ssl)
{
	BIO_ADDR *nobody = BIO_ADDR_new();
	bool taken;

	ERR_clear_error();
	taken = nobody != NULL && DTLSv1_listen(ssl, nobody) == 1;
	ERR_clear_error();
	BIO_ADDR_free(nobody);
	return taken;
}

int tls_shake(SSL *ssl)
{
	int result, error;

	ERR_clear_error();
	result = SSL_do_handshake(ssl);
	if (result == 1)
		return 1;
	error = SSL_get_error(ssl, result);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool tls_wants_write(const SSL *ssl)
{
	return SSL_want_write(ssl);
}

bool tls_holds_bytes(const SSL *ssl)
{
	return SSL_has_pending(ssl) == 1;
}

static ssize_t result_of(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return -EIO;
	}
}

ssize_t tls_read(SSL *ssl, void *bytes, size_t room)
{
	int result;

	ERR_clear_error();
	if (SSL_is_dtls(ssl) && SSL_alloc_buffers(ssl) != 1)
		return -EIO;
	result = SSL_read(ssl, bytes, (int)room);
	return result > 0 ? result : result_of(ssl, result);
}

ssize_t tls_write(SSL *ssl, const void *bytes, size_t length)
{
	int result;

	ERR_clear_error();
	if (SSL_is_dtls(ssl) && SSL_alloc_buffers(ssl) != 1)
		return -EIO;
	result = SSL_write(ssl, bytes, (int)length);
	return result > 0 ? result : result_of(ssl, result) == -EAGAIN ? -EAGAIN : -EIO;
}
