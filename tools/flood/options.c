/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/option.h"
#include "flood.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

static const struct program_word kinds[] = {
        [FLOOD_HEADER] = {"header", "an Allocate of its header alone"},
        [FLOOD_ALLOCATE] = {"allocate", "a browser's first Allocate, 28 bytes"},
        [FLOOD_FORGED] = {"forged", "an Allocate with a nonce and an integrity that are none"},
        [FLOOD_BINDING] = {"binding", "a Binding request, 20 bytes"},
        [FLOOD_RESPONSE] = {"response", "an Allocate error response"},
        [FLOOD_MALFORMED] = {"malformed", "an Allocate whose length lies"},
        [FLOOD_CHANNEL] = {"channel", "ChannelData of 16 bytes, of no allocation"},
        [FLOOD_NONCE] = {"nonce", "a Refresh of the victim's own nonce and nothing else"},
        [FLOOD_SIGNED] = {"signed", "a Refresh with it and an integrity that is none"},
        [FLOOD_UNKNOWN] = {"unknown", "an Allocate with both, under a new user's name each"},
        [FLOOD_KINDS] = {NULL},
};
static_assert(FLOOD_ONE == 0 && FLOOD_NET == 1 && FLOOD_SPREAD == 2, "the places in --source");

static const char *ip_read(const struct option_row *row, void *values, const char *argument)
{
	struct ip_addr *ip = option_at(row, values);
	uint32_t v4;

	if (inet_pton(AF_INET, argument, &v4) == 1)
		*ip = ip_addr_v4(v4);
	else if (inet_pton(AF_INET6, argument, ip->bytes) != 1)
		return "an IPv4 or IPv6 address";
	return NULL;
}

static const char *kind_read(const struct option_row *row, void *values, const char *argument)
{
	for (uint32_t i = 0; i < FLOOD_KINDS; i++) {
		if (strcmp(kinds[i].name, argument) != 0)
			continue;
		*(uint32_t *)option_at(row, values) = i;
		return NULL;
	}
	return "a kind of --help";
}

static const char *mac_read(const struct option_row *row, void *values, const char *argument)
{
	uint8_t *b = option_at(row, values);
	char rest;

	if (sscanf(argument, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", b, b + 1, b + 2, b + 3, b + 4,
	           b + 5, &rest) != 6)
		return "six bytes as 02:00:00:00:00:01";
	return NULL;
}

#define AT(member)               offsetof(struct flood_options, member)
#define NUMBER(member, min, max) OPTION_NUMBER(struct flood_options, member, min, max)

static const struct option_row rows[] = {
        {0, "to", "ADDRESS", "of the server; has to be given", AT(to.ip), ip_read},
        {0, "mac", "MAC", "of the server, as seen from IFACE; has to be given", AT(mac), mac_read},
        {0, "port", "N", "UDP port of the server", NUMBER(port, 1, UINT16_MAX), "3478"},
        {0, "kind", "KIND", "what is sent", AT(kind), kind_read, .otherwise = "allocate"},
        {0, "source", "one|net|spread",
         "forged from one address, a /24 (IPv6: a /48), or everywhere", AT(source),
         option_choice_place, .otherwise = "one"},
        {0, "victim", "ADDRESS",
         "the one address, and the first of the net; 203.0.113.77 or 2a01:db8::77 unless given",
         AT(victim), ip_read},
        {0, "source-port", "N", "of all sources; another each time unless given",
         NUMBER(from_port, 1, UINT16_MAX)},
        {0, "nonce", "TEXT",
         "the victim's own, for the kinds that carry it: made for --victim and --source-port; it "
         "is asked for unless given, where the victim is an address of this host",
         AT(nonce)},
        {0, "twice", NULL, "each request twice, one behind the other", AT(twice)},
        {0, "rate", "N", "packets a second", NUMBER(rate, 1, FLOOD_RATE_MAX), "20000"},
        {0, "seconds", "N", "how long", NUMBER(seconds, 1, FLOOD_SECONDS_MAX), "10"},
        {'j', "json", NULL, "one JSON object instead of a table", AT(json)},
        {'V', "version", NULL, "print the version", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program program_flood = {
        .name = "sluice-flood",
        .synopsis = "IFACE --to ADDRESS --mac MAC [OPTION]...",
        .summary = "send what the gate is there for, with forged sources, in the laboratory",
        .options = rows,
        .words_title = "kinds",
        .words = kinds,
        .words_option = "kind",
        .options_anywhere = true,
};

static enum flood_wish wrong(const char *word, const char *expected)
{
	option_fail(&program_flood, word, expected);
	return FLOOD_WRONG;
}

/* What no row can say alone. */
static enum flood_wish options_judge(struct flood_options *options)
{
	static const struct rte_ether_addr no_mac;
	static const struct ip_addr none;
	bool v4 = ip_addr_is_v4(&options->to.ip);

	if (ip_addr_equal(&options->to.ip, &none))
		return wrong("--to", "the server's address");
	if (memcmp(&options->mac, &no_mac, sizeof(no_mac)) == 0)
		return wrong("--mac", "the server's MAC address");
	if (ip_addr_equal(&options->victim, &none))
		ip_read(&(struct option_row){.offset = AT(victim)}, options,
		        v4 ? "203.0.113.77" : "2a01:db8::77");
	if (ip_addr_is_v4(&options->victim) != v4)
		return wrong("--victim", "an address of the same family as --to");
	options->to.port = htons(options->port);
	if (kind_has_nonce(options->kind) &&
	    (options->from_port == 0 || options->source != FLOOD_ONE))
		return wrong("--kind",
		             "with --source one and a --source-port: a nonce is of one port");
	if (options->nonce != NULL && strlen(options->nonce) != FLOOD_NONCE_SIZE)
		return wrong("--nonce", "12 characters");
	return FLOOD_RUN;
}

enum flood_wish flood_options_read(struct flood_options *options, int argc, char **argv)
{
	int first;

	*options = (struct flood_options){0};
	first = options_read(&program_flood, argc, argv, options);
	if (first < 0)
		return FLOOD_WRONG;
	if (options->help)
		options_print_help(&program_flood);
	if (options->version)
		printf("sluice-flood %s\n", SLUICE_VERSION_TEXT);
	if (options->help || options->version)
		return FLOOD_DONE;
	if (first + 1 != argc)
		return wrong(first < argc ? argv[first + 1] : "IFACE", "one interface");
	options->iface = argv[first];
	return options_judge(options);
}
