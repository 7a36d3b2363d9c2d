/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums that a hypervisor left open: completed for the kernel, whatever the frame is. */
#include "net/checksum.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAME_MAX 256
#define PAYLOAD   37 /* odd */

enum shape {
	VLAN = 1 << 0,
	IP6 = 1 << 1,
	OPTIONS = 1 << 2, /* 8 bytes between the IP header and what it carries */
	TCP = 1 << 3,
	PADDED = 1 << 4, /* Ethernet padding behind it */
	FRAGMENT = 1 << 5,
};

struct built {
	uint8_t bytes[FRAME_MAX];
	uint16_t length, ip, l4, field; /* offsets; field: the checksum */
};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint32_t words_sum(const uint8_t *at, uint16_t length)
{
	uint32_t sum = 0;

	for (uint16_t i = 0; i < length; i++)
		sum += i & 1 ? at[i] : at[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* What RFC 768, RFC 9293 and RFC 8200 (8.1) sum up, the field as it is; 0xffff where it is right.
 */
static uint16_t l4_sum(const struct built *built, enum shape shape)
{
	uint16_t length = built->length - built->l4 - (shape & PADDED ? 9 : 0);
	uint16_t addresses = shape & IP6 ? 32 : 8;

	return folded(words_sum(built->bytes + built->ip + (shape & IP6 ? 8 : 12), addresses) +
	              (shape & TCP ? IPPROTO_TCP : IPPROTO_UDP) + length +
	              words_sum(built->bytes + built->l4, length));
}

static void build(struct built *built, enum shape shape)
{
	uint8_t *at = built->bytes;
	uint8_t protocol = shape & TCP ? IPPROTO_TCP : IPPROTO_UDP;
	uint16_t l4_header = shape & TCP ? 20 : 8, options = shape & OPTIONS ? 8 : 0;

	memset(built, 0, sizeof(*built));
	memset(at, 0x02, 12);
	at += 12;
	if (shape & VLAN) {
		memcpy(at, "\x81\x00\x00\x07", 4);
		at += 4;
	}
	put16(at, shape & IP6 ? 0x86dd : 0x0800);
	at += 2;
	built->ip = at - built->bytes;
	if (shape & IP6) {
		at[0] = 0x60;
		put16(at + 4, options + l4_header + PAYLOAD);
		at[6] = options ? IPPROTO_DSTOPTS : protocol;
		memset(at + 8, 0xfd, 16);
		memset(at + 24, 0x20, 16);
		if (options)
			memcpy(at + 40, "\x11\x00\x01\x04\x00\x00\x00\x00", 8);
		if (options)
			at[40] = protocol;
		at += 40 + options;
	} else {
		at[0] = 0x45 + options / 4;
		put16(at + 2, 20 + options + l4_header + PAYLOAD);
		put16(at + 6, shape & FRAGMENT ? 0x2000 : 0x4000);
		at[8] = 64;
		at[9] = protocol;
		memcpy(at + 12, "\xc6\x12\x01\x02\xc6\x12\x01\x01", 8);
		memset(at + 20, 1, options);
		at += 20 + options;
	}
	built->l4 = at - built->bytes;
	put16(at, 50000);
	put16(at + 2, 22);
	if (shape & TCP)
		at[12] = 0x50;
	else
		put16(at + 4, l4_header + PAYLOAD);
	built->field = built->l4 + (shape & TCP ? 16 : 6);
	memset(at + l4_header, 0xab, PAYLOAD);
	at += l4_header + PAYLOAD + (shape & PADDED ? 9 : 0);
	built->length = at - built->bytes;
	if (shape & PADDED)
		memset(at - 9, 0xee, 9);
	put16(built->bytes + built->field, 0x1234); /* as it came, right or not */
}

static void complete(struct built *built, uint64_t flags, uint16_t length)
{
	struct rte_mbuf mbuf = {.buf_addr = built->bytes,
	                        .buf_len = FRAME_MAX,
	                        .data_len = length,
	                        .pkt_len = length,
	                        .nb_segs = 1,
	                        .ol_flags = flags};

	checksum_complete(&mbuf);
}

static void open_checksums_are_completed(void **state)
{
	static const enum shape shapes[] = {
	        0,         TCP,          VLAN,          VLAN | TCP,          IP6,
	        IP6 | TCP, OPTIONS,      OPTIONS | TCP, IP6 | OPTIONS | TCP, IP6 | OPTIONS | VLAN,
	        PADDED,    IP6 | PADDED,
	};

	for (size_t i = 0; i < RTE_DIM(shapes); i++) {
		struct built built;

		build(&built, shapes[i]);
		assert_int_not_equal(l4_sum(&built, shapes[i]), 0xffff);
		complete(&built, RTE_MBUF_F_RX_L4_CKSUM_NONE, built.length);
		assert_int_equal(l4_sum(&built, shapes[i]), 0xffff);
	}
}

/* What nobody vouches for, what is a fragment and what is cut short. */
static void others_stay_as_they_came(void **state)
{
	static const struct {
		enum shape shape;
		uint64_t flags;
		uint16_t cut;
	} rows[] = {
	        {0, 0, 0},
	        {0, RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0},
	        {TCP, RTE_MBUF_F_RX_L4_CKSUM_BAD, 0},
	        {FRAGMENT, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0},
	        {0, RTE_MBUF_F_RX_L4_CKSUM_NONE, 1},
	        {TCP | IP6, RTE_MBUF_F_RX_L4_CKSUM_NONE, PAYLOAD + 4},
	        {0, RTE_MBUF_F_RX_L4_CKSUM_NONE, PAYLOAD + 8 + 20},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct built built, before;

		build(&built, rows[i].shape);
		before = built;
		complete(&built, rows[i].flags, built.length - rows[i].cut);
		assert_memory_equal(built.bytes, before.bytes, sizeof(before.bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(open_checksums_are_completed),
	        cmocka_unit_test(others_stay_as_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
