/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/program.h"

#include <pcap/pcap.h>

#include <stddef.h>

static_assert(sizeof(struct sluice_capture_insn) == sizeof(struct bpf_insn) &&
                      offsetof(struct sluice_capture_insn, jt) == offsetof(struct bpf_insn, jt) &&
                      offsetof(struct sluice_capture_insn, jf) == offsetof(struct bpf_insn, jf) &&
                      offsetof(struct sluice_capture_insn, k) == offsetof(struct bpf_insn, k),
              "libpcap's own instruction");

/* What bpf_filter knows; before anything else it would abort. bpf_validate looks at some bits
 * alone. */
static const uint16_t codes[] = {
        0x00, 0x01, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x61, 0x80, 0x81, 0xb1, /* load */
        0x02, 0x03,                                                                   /* store */
        0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d,                         /* jump */
        0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x84, 0x94, 0xa4,             /* with k */
        0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac,                   /* with X */
        0x06, 0x16, 0x07, 0x87, /* end, move */
};

static bool code_known(uint16_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

bool program_valid(const struct sluice_capture_insn *program, uint32_t length)
{
	if (length == 0 || length > SLUICE_CAPTURE_PROGRAM_MAX ||
	    !bpf_validate((const struct bpf_insn *)program, (int)length))
		return false;
	/* libpcap takes jumps backwards ("protochain" loops): a worker would never come back */
	for (uint32_t i = 0; i < length; i++) {
		if (!code_known(program[i].code))
			return false;
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
