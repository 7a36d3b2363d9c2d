/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/client.h"

#include "common/clock.h"
#include "redis/tls.h"

#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>

#define REFRESH_S 5

/*
 * A lost datagram, or one kind of address that is not answered for, takes less than a hook waits. A
 * server that has failed is tried again when name servers are read again, and not by libevent's
 * probes; and no lookup waits for others: libevent, whose servers are exchanged, must have neither.
 */
static const struct {
	const char *name, *value;
} name_options[] = {
        {"timeout:", "1"},
        {"getaddrinfo-allow-skew:", "1"},
        {"initial-probe-timeout:", "3600"},
        {"max-inflight:", "1024"},
};

struct http_client {
	struct event_base *base;
	struct evdns_base *names;
	char *resolv_conf;
	SSL_CTX *tls;          /* NULL: not needed yet */
	uint64_t refreshed_at; /* CLOCK_MONOTONIC, ns; 0: never */
};

struct http_client *http_client_create(struct event_base *base, const char *resolv_conf)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->base = base;
	client->resolv_conf = strdup(resolv_conf);
	client->names = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (client->resolv_conf == NULL || client->names == NULL) {
		http_client_destroy(client);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(name_options) / sizeof(name_options[0]); i++)
		evdns_base_set_option(client->names, name_options[i].name, name_options[i].value);
	evdns_base_resolv_conf_parse(client->names, DNS_OPTIONS_ALL, client->resolv_conf);
	return client;
}

void http_client_destroy(struct http_client *client)
{
	if (client == NULL)
		return;
	if (client->names != NULL) {
		evdns_base_clear_nameservers_and_suspend(client->names);
		evdns_base_free(client->names, 1);
	}
	SSL_CTX_free(client->tls);
	free(client->resolv_conf);
	free(client);
}

struct event_base *http_client_base(const struct http_client *client)
{
	return client->base;
}

struct evdns_base *http_client_names(const struct http_client *client)
{
	return client->names;
}

/* -- TLS -- */

/* Reading the authorities takes some ms. */
static SSL_CTX *tls_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(context);
	return context;
}

SSL *http_client_tls(struct http_client *client, const char *host)
{
	SSL *ssl;

	if (client->tls == NULL)
		client->tls = tls_context();
	ssl = client->tls != NULL ? SSL_new(client->tls) : NULL;
	if (ssl == NULL || tls_client_expect(ssl, host))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* -- again -- */

/* Lookups that are under way go on at the new servers. The file of hosts would be added to what it
 * said before: it is read at the start alone. */
static void names_refresh(struct http_client *client)
{
	evdns_base_clear_nameservers_and_suspend(client->names);
	evdns_base_search_clear(client->names);
	evdns_base_resolv_conf_parse(client->names,
	                             DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC,
	                             client->resolv_conf);
	evdns_base_resume(client->names);
}

void http_client_refresh(struct http_client *client)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (client->refreshed_at != 0 && now < client->refreshed_at + REFRESH_S * NSEC_PER_SEC)
		return;
	client->refreshed_at = now;
	names_refresh(client);
	SSL_CTX_free(client->tls);
	client->tls = NULL;
}
