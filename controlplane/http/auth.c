/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may ask: a client with a token, wherever the request comes from. What reaches us over
 * loopback may come from a proxy, from any user of the host, or from a page in a browser there. */
#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

static_assert(HTTP_TOKEN_DIGEST == SHA256_DIGEST_LENGTH, "digest");

/* -- tokens: only digests are kept, all of one length -- */

static void digest_make(const char *token, size_t length, uint8_t *digest)
{
	SHA256((const unsigned char *)token, length, digest);
}

static struct http_token *token_find(struct http *http, const uint8_t *digest)
{
	struct http_token *found = NULL;

	for (uint32_t i = 0; i < http->n_tokens; i++)
		if (CRYPTO_memcmp(http->tokens[i].digest, digest, HTTP_TOKEN_DIGEST) == 0)
			found = &http->tokens[i];
	return found;
}

int tokens_add(struct http *http, const struct sluice_http_token *add, char *why)
{
	uint8_t digest[HTTP_TOKEN_DIGEST];
	struct http_token *token;

	if (add->stream[0] != '\0' && add->scope != SLUICE_HTTP_PUBLISH &&
	    add->scope != SLUICE_HTTP_WATCH) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "stream: only the scopes publish and watch are bound to one");
		return -EINVAL;
	}
	digest_make(add->token, strlen(add->token), digest);
	token = token_find(http, digest);
	if (token == NULL && http->n_tokens == HTTP_TOKENS_MAX) {
		snprintf(why, SLUICE_API_ERROR_MAX, "there are %d tokens already", HTTP_TOKENS_MAX);
		return -ENOSPC;
	}
	if (token == NULL)
		token = &http->tokens[http->n_tokens++];
	memcpy(token->digest, digest, sizeof(digest));
	token->scope = add->scope;
	snprintf(token->stream, sizeof(token->stream), "%s", add->stream);
	return 0;
}

int tokens_remove(struct http *http, const char *word, char *why)
{
	uint8_t digest[HTTP_TOKEN_DIGEST];
	struct http_token *token;

	digest_make(word, strlen(word), digest);
	token = token_find(http, digest);
	if (token == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "there is no such token");
		return -ENOENT;
	}
	*token = http->tokens[--http->n_tokens];
	explicit_bzero(&http->tokens[http->n_tokens], sizeof(*token));
	return 0;
}

static const struct http_token *token_of(struct http *http, const char *header)
{
	static const char scheme[] = "Bearer ";
	uint8_t digest[HTTP_TOKEN_DIGEST];

	if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return NULL;
	header += strlen(scheme);
	digest_make(header, strlen(header), digest);
	return token_find(http, digest);
}

int request_admit(struct http *http, struct evhttp_request *ev, const struct http_route *route,
                  struct http_grant *grant, const char **why)
{
	static const struct {
		enum sluice_http_scope scope; /* beside admin, which opens all */
		const char *why;
	} needed[] = {
	        [HTTP_READ] = {SLUICE_HTTP_READ, "this needs a token of scope read or admin"},
	        [HTTP_ADMIN] = {SLUICE_HTTP_ADMIN, "this needs a token of scope admin"},
	        [HTTP_PUBLISH] = {SLUICE_HTTP_PUBLISH,
	                          "this needs a token of scope publish or admin"},
	        [HTTP_WATCH] = {SLUICE_HTTP_WATCH, "this needs a token of scope watch or admin"},
	};
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(ev);
	const struct http_token *token;

	*grant = (struct http_grant){0};
	token = token_of(http, evhttp_find_header(headers, "Authorization"));
	if (token == NULL && route->access == HTTP_OPEN)
		return 0;
	if (token == NULL) {
		*why = http->n_tokens > 0 ? "this needs a header Authorization: Bearer TOKEN, with "
		                            "a valid token"
		                          : "this needs a bearer token, and none is configured "
		                            "(http token add "
		                            "WORD scope read|publish|watch|admin)";
		return 401;
	}
	grant->given = true;
	grant->scope = token->scope;
	memcpy(grant->stream, token->stream, sizeof(grant->stream));
	memcpy(grant->digest, token->digest, sizeof(grant->digest));
	if (route->access == HTTP_OPEN || token->scope == SLUICE_HTTP_ADMIN ||
	    token->scope == needed[route->access].scope)
		return 0;
	*why = needed[route->access].why;
	return 403;
}
