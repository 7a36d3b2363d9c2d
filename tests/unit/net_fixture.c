/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_fixture.h"

#include <rte_eal.h>

#include <arpa/inet.h>

int net_setup(void **state)
{
	char *arguments[] = {
	        "test",           "--no-huge",         "-m", "256", "--no-shconf", "--no-pci",
	        "--no-telemetry", "--log-level=error", "-l", "0"};
	struct options options;

	if (rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) < 0)
		return -1;
	options_default(&options);
	*state = dataplane_create(&options, NULL);
	return *state == NULL ? -1 : 0;
}

int net_teardown(void **state)
{
	dataplane_destroy(*state);
	return rte_eal_cleanup();
}

struct ip_addr ip(const char *text)
{
	struct ip_addr addr = {0};
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_addr_v4(v4);
	inet_pton(AF_INET6, text, addr.bytes);
	return addr;
}
