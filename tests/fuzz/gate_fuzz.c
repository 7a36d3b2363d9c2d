/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any frame, under any configuration and state, through the XDP program in the kernel and through
 * its twin: both must say the same. Without root the twin runs alone, under the sanitizers.
 */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "gate_case.h"

static struct gate_pair pair;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *object = getenv("SLUICE_XDP_OBJECT");

	if (geteuid() != 0)
		fprintf(stderr, "not root: the twin is fuzzed alone\n");
	CHECK(gate_pair_create(&pair,
	                       geteuid() == 0 ? (object ? object : SLUICE_XDP_OBJECT) : NULL) == 0);
	return 0;
}

static void both_run(const uint8_t *frame, uint32_t length)
{
	struct gate_outcome twin, xdp;

	gate_pair_twin(&pair, frame, length, &twin);
	if (pair.object == NULL)
		return;
	CHECK(gate_pair_xdp(&pair, frame, length, &xdp) == 0);
	if (xdp.verdict != twin.verdict)
		fprintf(stderr, "XDP says %s, the twin %s\n", gate_counter_infos[xdp.verdict].name,
		        gate_counter_infos[twin.verdict].name);
	CHECK(xdp.verdict == twin.verdict && xdp.dropped == twin.dropped);
	CHECK(memcmp(xdp.counters, twin.counters, sizeof(xdp.counters)) == 0);
}

/* Two bytes of configuration and state, then the frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t modes[4] = {GATE_MODE_ENFORCE, GATE_MODE_OBSERVE, GATE_MODE_UNSET,
	                                 GATE_MODE_ENFORCE};
	struct gate_case row = {0};
	struct gate_config config;
	uint8_t *frame;
	uint32_t length;

	if (size < 2 + 14 || size > 2 + GATE_CASE_MAX)
		return 0;
	length = (uint32_t)size - 2;
	frame = malloc(length); /* its end is the sanitizer's */
	memcpy(frame, data + 2, length);
	row.flags = data[0] & 7;
	row.host_attacked = data[0] & 8;
	row.prefix_attacked = data[0] & 16;
	config = gate_case_config(&row);
	config.mode = modes[data[0] >> 6];
	config.source.slack = (data[1] & 3) * config.source.interval;
	config.prefix.slack = (data[1] >> 2 & 3) * config.prefix.interval;
	config.host.slack = (data[1] >> 4 & 3) * config.host.interval;
	gate_pair_configure(&pair, &config);
	gate_case_prepare(&pair, &row, frame, (uint16_t)length);
	for (int i = 0; i <= data[1] >> 6; i++)
		both_run(frame, length);
	free(frame);
	return 0;
}
