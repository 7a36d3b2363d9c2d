/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole packets through classify and the graph of two workers, while the configuration changes: an
 * input is a list of steps, each a frame from anybody to anywhere, a change, or time that passes.
 * Frames are written with their headers (VLAN, options, extension headers, fragments), with STUN
 * that is signed, ChannelData, SRTP and SRTCP that are sealed, and then spoiled, or are just bytes.
 *
 * What leaves is a whole frame with right lengths and checksums, and each packet buffer comes back.
 */
#include "graph_fuzz.h"

#include <string.h>

#include <arpa/inet.h>
#include <rte_cycles.h>

#include "gate/gate.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/media.h"
#include "net/neighbour.h"
#include "net/punt.h"
#include "session/state.h"
#include "stun/writer.h"

#define STEPS_MAX     48
#define LONG_ENOUGH_S 4000 /* everything has expired */

struct scene scene;
struct srtp_worker *cipher;
struct srtp_session *session;

/* What hangs in DPDK's own memory looks lost to the leak checker, which does not look there. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

uint8_t take(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

uint16_t take16(struct input *input)
{
	uint16_t high = take(input);

	return (uint16_t)(high << 8 | take(input));
}

uint16_t take_bytes(struct input *input, uint8_t *room, uint16_t most)
{
	uint16_t length = most == 0 ? 0 : take16(input) % (most + 1);

	for (uint16_t i = 0; i < length; i++)
		room[i] = take(input);
	return length;
}

/* -- frames -- */

/* Extension headers, or IPv4's options, of 8 bytes each; the frame's new length. */
static uint16_t headers_insert(struct input *input, uint8_t *frame, uint16_t length)
{
	static const uint8_t kinds[] = {IPPROTO_HOPOPTS,
	                                IPPROTO_ROUTING,
	                                IPPROTO_FRAGMENT,
	                                IPPROTO_DSTOPTS,
	                                135,
	                                51,
	                                59,
	                                17};
	uint8_t *ip = frame + frame_ip_offset(frame);
	bool v4 = ip[0] >> 4 == 4;
	uint8_t *next = ip + 6, *at = ip + (v4 ? 20 : 40);
	uint16_t count = take(input) % 6, added = count * 8;

	memmove(at + added, at, (size_t)(frame + length - at));
	for (uint16_t i = 0; i < count; i++, at += 8) {
		for (int byte = 0; byte < 8; byte++)
			at[byte] = take(input);
		if (v4)
			continue;
		at[0] = *next;
		at[1] &= 3;
		*next = kinds[at[2] % COUNT(kinds)];
		next = at;
	}
	if (v4 && count <= 5) {
		ip[0] = (uint8_t)(0x45 + count * 2);
		write_be16(ip + 2, (uint16_t)(read_be16(ip + 2) + added));
	} else if (!v4) {
		write_be16(ip + 4, (uint16_t)(read_be16(ip + 4) + added));
	}
	return length + added;
}

static void bytes_spoil(struct input *input, uint8_t *frame, uint16_t length)
{
	for (uint8_t edits = take(input) % 8; edits != 0; edits--) {
		uint16_t at = take16(input);

		frame[at % length] ^= take(input);
	}
}

static struct transport_addr target(struct input *input, uint8_t where, enum actor from)
{
	struct transport_addr to = server_addr(from);

	switch (where % 8) {
	case 0:
	case 1:
		break;
	case 2:
		if (where & 8)
			to.port = htons(SESSION_PORT);
		break;
	case 3:
		to.port = htons(MEDIA_PORT);
		break;
	case 4:
		to.port = htons(MEDIA_PORT + 1);
		break;
	case 5:
		to.port = htons(take16(input));
		break;
	default:
		to = scene.clients[1 + where / 8 % (CLIENTS_END - 1)].relayed[where % 2];
		break;
	}
	return to;
}

static void datagram_inject(struct input *input)
{
	static uint8_t bytes[4096], payload[4096];
	uint8_t who = take(input), where = take(input), how = take(input);
	enum actor from = CLIENT_A4 + who % (CLIENTS_END - CLIENT_A4);
	bool peer = where % 8 >= 6;
	enum actor sender = peer ? (who & 1 ? PEER6 : PEER4) : from;
	struct transport_addr at = scene_addr(&scene, sender);
	struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 0, 1}},
	        .from_mac = actor_mac(sender),
	        .vlan = how & 1 ? 1 + (how >> 4) : 0,
	        .from = at,
	        .to = target(input, where, from),
	        .hop_limit = how & 2 ? 1 : 64,
	        .dont_fragment = how & 4,
	        .no_checksum = how & 8,
	        .payload = payload,
	};
	uint16_t length;

	if (ip_addr_is_v4(&frame.from.ip) != ip_addr_is_v4(&frame.to.ip))
		return;
	frame.length = payload_write(input, payload, how >> 4, from);
	length = frame_write(bytes, sizeof(bytes) - 64, &frame);
	if (length == 0)
		return;
	if (how & 64)
		length = headers_insert(input, bytes, length);
	if (who & 128)
		bytes_spoil(input, bytes, length);
	if (who & 64)
		length = 1 + take16(input) % length;
	if (who & 32 && !(who & 64))
		frame_mend(bytes, length);
	rig_inject(&scene.rig, actor_port(sender), who >> 4 & 1, bytes, length);
}

static void raw_inject(struct input *input)
{
	uint8_t bytes[2048], who = take(input);
	uint16_t length = take_bytes(input, bytes, sizeof(bytes));

	if (length != 0)
		rig_inject(&scene.rig, who & 1, who >> 1 & 1, bytes, length);
}

/* -- what leaves -- */

static void client_hears(const struct frame *frame)
{
	struct client_response response;

	for (enum actor client = CLIENT_A4; client < CLIENTS_END; client++) {
		struct transport_addr at = scene_addr(&scene, client);

		if (at.port != frame->to.port || !ip_addr_equal(&at.ip, &frame->to.ip) ||
		    !client_response_read(&response, frame->payload, frame->length))
			continue;
		if (response.has_nonce) {
			scene.clients[client].has_nonce = true;
			memcpy(scene.clients[client].nonce, response.nonce, STUN_NONCE_SIZE);
		}
		if (response.has_ticket)
			memcpy(scene.clients[client].ticket, response.ticket, CLIENT_TICKET_SIZE);
		for (int i = 0; i < 2; i++)
			if (response.relayed[i].port != 0)
				scene.clients[client].relayed[i] = response.relayed[i];
	}
}

static void settle(void)
{
	struct rte_mbuf *mbuf;

	rig_walk(&scene.rig);
	sessions_poll(scene.rig.dp);
	for (unsigned int port = 0; port < RIG_PORTS; port++) {
		while ((mbuf = rig_collect(&scene.rig, port)) != NULL) {
			struct frame frame;
			const char *wrong = frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *),
			                               mbuf->data_len);

			if (wrong != NULL)
				fprintf(stderr, "a frame that leaves: %s\n", wrong);
			CHECK(wrong == NULL);
			client_hears(&frame);
			rte_pktmbuf_free(mbuf);
		}
	}
}

static void time_pass(uint64_t ms)
{
	for (uint16_t i = 0; i < scene.rig.dp->n_workers; i++) {
		scene.rig.dp->workers[i]->tsc_skew += rte_get_tsc_hz() / 1000 * ms;
		worker_clock(scene.rig.dp->workers[i]);
	}
	for (int round = 0; round < 64; round++)
		for (uint16_t i = 0; i < scene.rig.dp->n_workers; i++)
			worker_housekeep(scene.rig.dp->workers[i]);
	sessions_tick(scene.rig.dp->sessions);
	settle();
}

/* The control thread's part of what is sent where nobody has the address: the kernel says so. */
static void neighbours_fail(void)
{
	struct neighbours *neighbours = scene.rig.dp->neighbours;

	punt_poll(scene.rig.dp);
	for (uint32_t slot = 1; slot < neighbours->high; slot++) {
		if (neighbours->slots[slot].waits)
			punt_neighbour_set(scene.rig.dp, slot, NEIGHBOUR_FAILED, NULL);
	}
}

/* Nothing of this input is left for the next one. */
static void all_end(void)
{
	settle();
	sessions_end_all(scene.rig.dp->sessions);
	endpoints_end();
	time_pass(LONG_ENOUGH_S * 1000ull);
	for (int i = 0; i < 4; i++)
		time_pass(10);
	CHECK(scene.rig.dp->sessions->count == 0 && scene.rig.dp->sessions->ending == 0);
	media_end(scene.rig.dp->media);
	settle();
	neighbours_fail();
	CHECK(rte_mempool_in_use_count(scene.rig.dp->pool) == 0);
	memset(scene.clients, 0, sizeof(scene.clients));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct scene_config config = {
	        .workers = 2, .max_endpoints = 64, .max_sessions = 8, .mobility = true};
	uint8_t key[SLUICE_MEDIA_KEY_MAX];

	memset(key, 1, sizeof(key));
	if (rig_eal("fuzz-graph", 256, false) != 0 || !scene_create(&scene, &config))
		return -1;
	cipher = scene.rig.dp->srtp->worker_create();
	session = scene.rig.dp->srtp->session_create(SLUICE_SRTP_GCM128, key);
	CHECK(cipher != NULL && session != NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};

	config_begin();
	sessions_begin();
	for (int steps = 0; input.at < input.end && steps < STEPS_MAX; steps++) {
		uint8_t what = take(&input);

		if (what < 176)
			datagram_inject(&input);
		else if (what < 192)
			raw_inject(&input);
		else if (what < 216)
			config_change(&input);
		else if (what < 224)
			time_pass((uint64_t)take(&input) * 20);
		else if (what < 248)
			settle();
		else
			session_change(&input);
		if (what & 1)
			settle();
	}
	all_end();
	return 0;
}
