/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes that a client may send by TCP, or a proxy before them: what is cut out of them lies
 * within them, is what it says it is, and is the same wherever the stream was cut before.
 */
#include "fuzz.h"
#include "stream/framing.h"
#include "stream/proxy_header.h"
#include "stun/message.h"

#define MOST 2048

static void message_check(const uint8_t *bytes, size_t length, const struct framed *framed)
{
	CHECK(framed->length <= MOST);
	CHECK(framed->taken <= length);
	CHECK(framed->taken >= framed->length && framed->taken - framed->length < 4);
	CHECK(framed->taken % 4 == 0);
	CHECK(framed->length >= (bytes[0] >> 6 == 1 ? STUN_CHANNEL_HEADER_SIZE : STUN_HEADER_SIZE));
}

/* Of fewer bytes it says the same, or that there are too few; and never that it is shorter than
 * they are. */
static void header_check(const uint8_t *bytes, uint32_t length)
{
	struct transport_addr client, before = {0};
	uint32_t whole = 0, whole_before = 0;
	enum proxy_header verdict = proxy_header_read(bytes, length, &client, &whole);

	CHECK(verdict != PROXY_HEADER_CLIENT || whole >= PROXY_HEADER_FIXED + 12);
	CHECK(verdict != PROXY_HEADER_NOBODY || whole >= PROXY_HEADER_FIXED);
	for (uint32_t i = 0; i < length; i++) {
		enum proxy_header cut = proxy_header_read(bytes, i, &before, &whole_before);

		CHECK(cut == verdict || cut == PROXY_HEADER_PART);
		CHECK(cut != PROXY_HEADER_CLIENT ||
		      (before.port == client.port && ip_addr_equal(&before.ip, &client.ip)));
		CHECK(whole_before == 0 || whole_before == whole);
	}
}

/* Packets of sessions, each behind its length. */
static void packets_check(const uint8_t *data, size_t size)
{
	enum framing_owner owner = framing_owner(data, size);
	size_t at = 0;

	for (size_t length = 0; length < size && length < 2 * FRAMING_LENGTH_SIZE + 8; length++)
		CHECK(framing_owner(data, length) == owner ||
		      framing_owner(data, length) == FRAMING_UNDECIDED);
	while (at < size) {
		struct framed framed;
		enum framing whole = framing_next_packet(data + at, size - at, MOST, &framed);

		if (whole != FRAMING_WHOLE)
			return;
		CHECK(framed.length <= MOST && framed.start == FRAMING_LENGTH_SIZE);
		CHECK(framed.taken == framed.start + framed.length && framed.taken <= size - at);
		at += framed.taken;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	packets_check(data, size);
	header_check(data, size < PROXY_HEADER_READ ? (uint32_t)size : PROXY_HEADER_READ);
	while (at < size) {
		struct framed framed, part;
		enum framing whole = framing_next(data + at, size - at, MOST, &framed), cut;

		if (whole == FRAMING_WHOLE)
			message_check(data + at, size - at, &framed);
		/* of fewer bytes nothing else is said, but that there are too few, or that it is
		 * too long before the cookie shows it to be nothing at all */
		for (size_t length = 0; length < size - at && length < 2 * MOST; length++) {
			cut = framing_next(data + at, length, MOST, &part);
			CHECK(cut == whole || cut == FRAMING_PART ||
			      (cut == FRAMING_TOO_LONG && whole == FRAMING_GARBAGE));
			if (cut == FRAMING_WHOLE)
				CHECK(part.taken == framed.taken && part.length == framed.length);
		}
		if (whole != FRAMING_WHOLE)
			break;
		at += framed.taken;
	}
	return 0;
}
