/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pcap/pcap.h>

#define SNAP 65535

int filter_compile(const char *expression, struct sluice_capture_insn *program, uint32_t room,
                   char *why)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAP);
	struct bpf_program compiled;
	int length;

	if (pcap == NULL) {
		snprintf(why, FILTER_WHY_MAX, "no memory for a filter");
		return -ENOMEM;
	}
	if (pcap_compile(pcap, &compiled, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(why, FILTER_WHY_MAX, "%.200s: %.250s", expression, pcap_geterr(pcap));
		pcap_close(pcap);
		return -EINVAL;
	}
	length = (int)compiled.bf_len;
	if (compiled.bf_len <= room) {
		memcpy(program, compiled.bf_insns, compiled.bf_len * sizeof(program[0]));
	} else {
		snprintf(why, FILTER_WHY_MAX,
		         "the filter takes %u instructions: expected %u at most", compiled.bf_len,
		         room);
		length = -EINVAL;
	}
	pcap_freecode(&compiled);
	pcap_close(pcap);
	return length;
}
