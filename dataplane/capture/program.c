/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/program.h"

#include <pcap/pcap.h>

#include <stddef.h>

static_assert(sizeof(struct sluice_capture_insn) == sizeof(struct bpf_insn) &&
                      offsetof(struct sluice_capture_insn, jt) == offsetof(struct bpf_insn, jt) &&
                      offsetof(struct sluice_capture_insn, jf) == offsetof(struct bpf_insn, jf) &&
                      offsetof(struct sluice_capture_insn, k) == offsetof(struct bpf_insn, k),
              "libpcap's own instruction");

bool program_valid(const struct sluice_capture_insn *program, uint32_t length)
{
	if (length == 0 || length > SLUICE_CAPTURE_PROGRAM_MAX ||
	    !bpf_validate((const struct bpf_insn *)program, (int)length))
		return false;
	/* libpcap takes jumps backwards ("protochain" loops): a worker would never come back */
	for (uint32_t i = 0; i < length; i++) {
		if (program[i].code == (BPF_JMP | BPF_JA) && program[i].k >= length - i - 1)
			return false;
		/* nothing is known of a packet but its bytes */
		if (BPF_CLASS(program[i].code) == BPF_LD &&
		    (BPF_MODE(program[i].code) == BPF_ABS ||
		     BPF_MODE(program[i].code) == BPF_IND) &&
		    (int32_t)program[i].k < 0)
			return false;
	}
	return true;
}

bool program_match(const struct sluice_capture_insn *program, const uint8_t *data,
                   uint32_t wire_length, uint32_t length)
{
	return bpf_filter((const struct bpf_insn *)program, data, wire_length, length) != 0;
}
