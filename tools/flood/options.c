/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

static void usage(FILE *out)
{
	fprintf(out,
	        "usage: sluice-flood IFACE --to ADDRESS --mac MAC [OPTION]...\n"
	        "  --to ADDRESS          of the server\n"
	        "  --port N              of the server (3478)\n"
	        "  --mac MAC             of the server, as seen from IFACE\n"
	        "  --kind KIND           what is sent (allocate)\n"
	        "  --source one|net|spread   forged from one address, a /24 (IPv6: a /48), or "
	        "everywhere\n"
	        "  --victim ADDRESS      the one address; the first of the net\n"
	        "  --twice               each request twice\n"
	        "  --rate N              packets a second (20000; at most %d)\n"
	        "  --seconds N           at most %d (10)\n"
	        "  --json\n"
	        "kinds:\n",
	        FLOOD_RATE_MAX, FLOOD_SECONDS_MAX);
	for (uint32_t i = 0; i < flood_kinds_count; i++)
		fprintf(out, "  %-12s%s\n", flood_kinds[i].name, flood_kinds[i].help);
}

static bool ip_read(const char *text, struct ip_addr *ip)
{
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ip = ip_addr_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, text, ip->bytes) == 1;
}

static bool number_read(const char *text, uint32_t most, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value == 0 || value > most)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool kind_read(const char *text, struct flood_options *options)
{
	for (uint32_t i = 0; i < flood_kinds_count; i++)
		if (strcmp(flood_kinds[i].name, text) == 0)
			options->kind = &flood_kinds[i];
	return strcmp(options->kind->name, text) == 0;
}

static bool source_read(const char *text, struct flood_options *options)
{
	static const char *const names[] = {"one", "net", "spread"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		options->source = i;
		return true;
	}
	return false;
}

static bool mac_read(const char *text, struct rte_ether_addr *mac)
{
	uint8_t *b = mac->addr_bytes;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", b, b + 1, b + 2, b + 3, b + 4,
	              b + 5) == 6;
}

static const struct option long_options[] = {
        {"to", required_argument, NULL, 't'},
        {"port", required_argument, NULL, 'p'},
        {"mac", required_argument, NULL, 'm'},
        {"kind", required_argument, NULL, 'k'},
        {"source", required_argument, NULL, 's'},
        {"victim", required_argument, NULL, 'v'},
        {"twice", no_argument, NULL, '2'},
        {"rate", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},
        {0},
};

static bool option_read(struct flood_options *options, int letter, const char *text)
{
	uint32_t port;

	switch (letter) {
	case 't':
		return ip_read(text, &options->to.ip);
	case 'p':
		if (!number_read(text, UINT16_MAX, &port))
			return false;
		options->to.port = htons(port);
		return true;
	case 'm':
		return mac_read(text, &options->mac);
	case 'k':
		return kind_read(text, options);
	case 's':
		return source_read(text, options);
	case 'v':
		return ip_read(text, &options->victim);
	case '2':
		options->twice = true;
		return true;
	case 'r':
		return number_read(text, FLOOD_RATE_MAX, &options->rate);
	case 'n':
		return number_read(text, FLOOD_SECONDS_MAX, &options->seconds);
	case 'j':
		options->json = true;
		return true;
	}
	return false;
}

bool options_read(struct flood_options *options, int argc, char **argv)
{
	static const struct ip_addr none;
	static const struct rte_ether_addr no_mac;
	bool v4;
	int letter;

	*options = (struct flood_options){
	        .kind = &flood_kinds[1], .rate = 20000, .seconds = 10, .to = {.port = htons(3478)}};
	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option_read(options, letter, optarg))
			continue;
		if (optarg != NULL)
			fprintf(stderr, "sluice-flood: wrong value \"%s\"\n", optarg);
		usage(stderr);
		return false;
	}
	if (optind + 1 != argc || ip_addr_equal(&options->to.ip, &none) ||
	    memcmp(&options->mac, &no_mac, sizeof(no_mac)) == 0) {
		usage(stderr);
		return false;
	}
	options->iface = argv[optind];
	v4 = ip_addr_is_v4(&options->to.ip);
	if (ip_addr_equal(&options->victim, &none))
		ip_read(v4 ? "203.0.113.77" : "2a01:db8::77", &options->victim);
	return ip_addr_is_v4(&options->victim) == v4;
}
