/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may ask. Over loopback this is who may log in to the host; but a browser there runs what
 * strangers wrote. The Host header shows a name that was made to mean 127.0.0.1 (DNS rebinding),
 * the Origin header a page that asks another host than its own.
 */
#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/socket.h>

static_assert(HTTP_TOKEN_DIGEST == SHA256_DIGEST_LENGTH, "digest");

/* -- tokens: only digests are kept, all of one length -- */

static void digest_make(const char *token, size_t length, uint8_t *digest)
{
	SHA256((const unsigned char *)token, length, digest);
}

static int token_index(const struct http *http, const uint8_t *digest)
{
	int found = -1;

	for (uint32_t i = 0; i < http->n_tokens; i++)
		if (CRYPTO_memcmp(http->tokens[i], digest, HTTP_TOKEN_DIGEST) == 0)
			found = i;
	return found;
}

int tokens_add(struct http *http, const char *token, char *why)
{
	uint8_t digest[HTTP_TOKEN_DIGEST];

	digest_make(token, strlen(token), digest);
	if (token_index(http, digest) >= 0)
		return 0;
	if (http->n_tokens == HTTP_TOKENS_MAX) {
		snprintf(why, SLUICE_API_ERROR_MAX, "there are %d tokens already", HTTP_TOKENS_MAX);
		return -ENOSPC;
	}
	memcpy(http->tokens[http->n_tokens++], digest, sizeof(digest));
	return 0;
}

int tokens_remove(struct http *http, const char *token, char *why)
{
	uint8_t digest[HTTP_TOKEN_DIGEST];
	int index;

	digest_make(token, strlen(token), digest);
	index = token_index(http, digest);
	if (index < 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "there is no such token");
		return -ENOENT;
	}
	memmove(http->tokens[index], http->tokens[--http->n_tokens], HTTP_TOKEN_DIGEST);
	return 0;
}

static bool token_is_valid(const struct http *http, const char *header)
{
	static const char scheme[] = "Bearer ";
	uint8_t digest[HTTP_TOKEN_DIGEST];

	if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return false;
	header += strlen(scheme);
	digest_make(header, strlen(header), digest);
	return token_index(http, digest) >= 0;
}

/* -- loopback -- */

static bool address_is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *four = (const struct sockaddr_in *)addr;

	if (addr->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return addr->ss_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

/* Both ends: the kernel lets nobody else in to a loopback address, but a route might. */
static bool came_over_loopback(struct evhttp_request *ev)
{
	struct bufferevent *bev =
	        evhttp_connection_get_bufferevent(evhttp_request_get_connection(ev));
	struct sockaddr_storage here, there;
	socklen_t here_length = sizeof(here), there_length = sizeof(there);
	int fd = bufferevent_getfd(bev);

	return getsockname(fd, (struct sockaddr *)&here, &here_length) == 0 &&
	       getpeername(fd, (struct sockaddr *)&there, &there_length) == 0 &&
	       address_is_loopback(&here) && address_is_loopback(&there);
}

/* An address or localhost, with or without a port. */
static bool host_is_no_name(const char *host)
{
	char name[64];
	struct in6_addr addr;
	size_t length;

	if (host == NULL || host[0] == '[')
		return true;
	length = strcspn(host, ":");
	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &addr) == 1;
}

int request_admit(struct http *http, struct evhttp_request *ev, const struct http_route *route,
                  const char **why)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(ev);

	if (route->access == HTTP_OPEN ||
	    token_is_valid(http, evhttp_find_header(headers, "Authorization")))
		return 0;
	if (!came_over_loopback(ev)) {
		*why = http->n_tokens > 0 ? "this needs a header Authorization: Bearer TOKEN, with "
		                            "a valid token"
		                          : "this needs a bearer token, and none is configured "
		                            "(http token WORD)";
		return 401;
	}
	if (evhttp_find_header(headers, "Origin") != NULL) {
		*why = "without a token no web page may ask";
		return 403;
	}
	if (!host_is_no_name(evhttp_find_header(headers, "Host"))) {
		*why = "without a token the Host header must be an address or localhost";
		return 403;
	}
	return 0;
}
