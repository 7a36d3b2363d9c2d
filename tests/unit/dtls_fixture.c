/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_fixture.h"

#include "dataplane.h"
#include "dtls/certificate.h"
#include "dtls/datagram.h"
#include "dtls/state.h"
#include "session/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void dtls_fill(struct dtls *dtls, struct dataplane *dp)
{
	X509 *certificate;
	EVP_PKEY *key;

	memset(dtls, 0, sizeof(*dtls));
	dtls->sessions = dp->sessions;
	TAILQ_INIT(&dtls->shaking);
	TAILQ_INIT(&dtls->queued);
	TAILQ_INIT(&dtls->done);
	dtls->list = calloc(dp->sessions->max + 1, sizeof(struct association *));
	dtls->method = datagram_method();
	assert_int_equal(certificate_make(&key, &certificate), 0);
	dtls->context = certificate_context(key, certificate, association_certificate);
	EVP_PKEY_free(key);
	X509_free(certificate);
	assert_non_null(dtls->list);
	assert_non_null(dtls->method);
	assert_non_null(dtls->context);
}

void dtls_clear(struct dtls *dtls)
{
	SSL_CTX_free(dtls->context);
	BIO_meth_free(dtls->method);
	free(dtls->list);
}
