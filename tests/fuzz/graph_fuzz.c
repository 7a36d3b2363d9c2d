/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole packets through classify and the graph of two workers, while the configuration changes: an
 * input is a list of steps, each a frame from anybody to anywhere, a change, or time that passes.
 * Frames are written with their headers (VLAN, options, extension headers, fragments), with STUN
 * that is signed, ChannelData, SRTP and SRTCP that are sealed, and then spoiled, or are just bytes.
 *
 * What leaves is a whole frame with right lengths and checksums, and each packet buffer comes back.
 */
#include "fuzz.h"
#include "scene.h"

#include <string.h>

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <rte_cycles.h>

#include "gate/gate.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/media.h"
#include "net/neighbour.h"
#include "net/punt.h"
#include "session/state.h"
#include "srtp/rtp.h"
#include "stun/writer.h"
#include "turn/turn.h"

#define STEPS_MAX     48
#define PAYLOAD_MAX   1400
#define MEDIA_PORT    6000 /* of several endpoints; the next one learns */
#define LONG_ENOUGH_S 4000 /* everything has expired */
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static struct scene scene;
static struct srtp_worker *cipher;
static struct srtp_session *session;

/* A cursor: behind its end there are zeros. */
struct input {
	const uint8_t *at, *end;
};

/* What hangs in DPDK's own memory looks lost to the leak checker, which does not look there. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static uint8_t take(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static uint16_t take16(struct input *input)
{
	uint16_t high = take(input);

	return (uint16_t)(high << 8 | take(input));
}

static uint16_t take_bytes(struct input *input, uint8_t *room, uint16_t most)
{
	uint16_t length = most == 0 ? 0 : take16(input) % (most + 1);

	for (uint16_t i = 0; i < length; i++)
		room[i] = take(input);
	return length;
}

static struct sluice_addr api_addr(struct transport_addr addr)
{
	struct sluice_addr api = {.port = addr.port};

	memcpy(api.ip, addr.ip.bytes, sizeof(api.ip));
	return api;
}

/* -- configuration -- */

static const struct {
	const char *name;
	enum actor remote; /* NOBODY: it learns */
} endpoints[] = {
        {"camera", CLIENT_A4}, {"viewer", CLIENT_B4}, {"six", CLIENT_A6}, {"roamer", NOBODY}};

static const char *const streams[] = {"one", "two", "wild"};

static void endpoint_add(uint8_t which)
{
	struct sluice_endpoint add = {.rx_key_length = 28, .tx_key_length = 28};
	enum actor remote = endpoints[which].remote;
	struct transport_addr local = server_addr(remote != NOBODY ? remote : CLIENT_A4);
	char why[SLUICE_API_ERROR_MAX];

	local.port = htons(MEDIA_PORT + (remote == NOBODY));
	snprintf(add.name, sizeof(add.name), "%s", endpoints[which].name);
	memset(add.rx_key, 1, add.rx_key_length);
	memset(add.tx_key, 2 + which, add.tx_key_length);
	add.local = api_addr(local);
	add.learn = remote == NOBODY;
	if (remote != NOBODY)
		add.remote = api_addr(scene_addr(&scene, remote));
	media_endpoint_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void stream_add(uint8_t which, uint8_t endpoint)
{
	struct sluice_stream add = {.ssrc = which == 2 ? 0 : 0x1000u + which,
	                            .rtx_ssrc = which == 1 ? 0x1100 : 0};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.name, sizeof(add.name), "%s", streams[which]);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", endpoints[endpoint].name);
	media_stream_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void subscription_add(uint8_t stream, uint8_t endpoint, uint8_t how)
{
	struct sluice_subscription add = {.ssrc = 0x2000u + stream,
	                                  .rtx_ssrc = how & 1 ? 0x3000u + stream : 0,
	                                  .rtx_pt = 97,
	                                  .ext_count = how >> 1 & 1,
	                                  .ext_from = {1},
	                                  .ext_to = {how >> 2 & 1 ? 200 : 3}};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.stream, sizeof(add.stream), "%s", streams[stream]);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", endpoints[endpoint].name);
	media_subscription_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void subscription_change(uint8_t stream, uint8_t endpoint, uint8_t how)
{
	struct sluice_subscription_name name;
	struct sluice_subscription_switch change;
	struct media *media = scene.rig.dp->media;
	char why[SLUICE_API_ERROR_MAX];

	memset(&name, 0, sizeof(name));
	memset(&change, 0, sizeof(change));
	snprintf(name.stream, sizeof(name.stream), "%s", streams[stream]);
	snprintf(name.endpoint, sizeof(name.endpoint), "%s", endpoints[endpoint].name);
	memcpy(change.stream, name.stream, sizeof(change.stream));
	memcpy(change.endpoint, name.endpoint, sizeof(change.endpoint));
	snprintf(change.to, sizeof(change.to), "%s", streams[how / 3 % COUNT(streams)]);
	if (how % 3 == 0)
		media_subscription_delete(media, &name, why);
	else if (how % 3 == 1)
		media_subscription_pause(media, &name, how >> 4 & 1, why);
	else
		media_subscription_switch(media, &change, why);
}

static void turn_change(uint8_t how)
{
	static const struct sluice_turn_user user = {.name = "demo", .password = "demo"};
	struct sluice_turn_listen listen = {
	        .addr = api_addr(server_addr(how & 8 ? CLIENT_A6 : CLIENT_A4))};
	struct sluice_turn_quota quota = {.user = how >> 4, .host = how >> 5};
	struct turn *turn = scene.rig.dp->turn;
	char why[SLUICE_API_ERROR_MAX];

	switch (how % 5) {
	case 0:
		turn_user_add(turn, &user, SLUICE_API_EXIST_OK, why);
		break;
	case 1:
		turn_listen_delete(turn, &listen, why);
		break;
	case 2:
		turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, why);
		break;
	case 3:
		turn_quota_set(turn, &quota, why);
		break;
	default:
		turn_tick(turn, how);
		break;
	}
}

static void gate_change(uint8_t how)
{
	static const uint32_t modes[] = {GATE_MODE_OFF, GATE_MODE_OBSERVE, GATE_MODE_ENFORCE};
	struct gate_compiled compiled = gate_compiled_now(scene.rig.dp->gate);
	char why[SLUICE_API_ERROR_MAX];

	compiled.config.mode = modes[how % COUNT(modes)];
	gate_set(scene.rig.dp->gate, &compiled, NULL, why);
}

static void config_change(struct input *input)
{
	uint8_t what = take(input), stream = what / 8 % COUNT(streams), how = take(input);
	uint8_t endpoint = how / 64 % COUNT(endpoints);
	char why[SLUICE_API_ERROR_MAX];

	switch (what % 8) {
	case 0:
		endpoint_add(endpoint);
		break;
	case 1:
		media_endpoint_delete(scene.rig.dp->media, endpoints[endpoint].name, why);
		break;
	case 2:
		stream_add(stream, endpoint);
		break;
	case 3:
		media_stream_delete(scene.rig.dp->media, streams[stream], why);
		break;
	case 4:
		subscription_add(stream, endpoint, how);
		break;
	case 5:
		subscription_change(stream, endpoint, how);
		break;
	case 6:
		turn_change(how);
		break;
	default:
		gate_change(how);
		break;
	}
}

static void config_begin(void)
{
	struct input nothing = {0};

	for (uint8_t i = 0; i < COUNT(endpoints); i++)
		endpoint_add(i);
	for (uint8_t i = 0; i < COUNT(streams); i++) {
		stream_add(i, i);
		subscription_add(i, (i + 1) % COUNT(endpoints), i);
		subscription_add(i, (i + 2) % COUNT(endpoints), 2);
	}
	for (uint8_t how = 0; how < 3; how += 2) {
		turn_change(how);
		turn_change(how | 8);
	}
	turn_change(3);
	gate_change(take(&nothing));
}

/* -- sessions of browsers, at TURN's port and at one of their own -- */

#define SESSION_PORT 7000

static const char *const browsers[] = {"browser-a", "browser-b", "browser-c"};
static struct sluice_session_made made[COUNT(browsers)];

static void session_offer(uint8_t which, uint8_t how)
{
	struct sluice_session add = {
	        .role = which == 1,
	        .takeover = how & 1,
	        .active = how >> 1 & 1,
	        .n_tracks = 2,
	        .n_fingerprints = 1,
	        .fingerprints = {{.length = 32}},
	};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.id, sizeof(add.id), "%s", browsers[which]);
	snprintf(add.stream, sizeof(add.stream), "%s", which == 2 ? "hall" : "room");
	for (uint8_t i = 0; i < add.n_tracks; i++) {
		add.tracks[i] = (struct sluice_track){
		        .mid = {(char)('0' + i)},
		        .kind = i,
		        .n_payloads = 1,
		        .n_rids = i == 1 ? how >> 2 & 3 : 0,
		        .n_ssrcs = how >> 4 & 1,
		        .extensions = {1, 2, 3},
		        .payloads = {{96, 97, SLUICE_CODEC_VP8, 96, 90000}},
		        .rids = {"q", "h", "f"},
		        .ssrcs = {0x1000u + i},
		        .rtx_ssrcs = {how & 32 ? 0x1100u + i : 0},
		};
	}
	session_add(scene.rig.dp->sessions, &add, &made[which], why);
}

/* What a handshake would bring. */
static void session_keys(uint8_t which)
{
	struct sessions *sessions = scene.rig.dp->sessions;
	uint32_t index = session_named(sessions, browsers[which]);
	struct session_note note;

	if (index == 0 || sessions->list[index].owner == 0)
		return;
	note = session_note_of(sessions, &sessions->list[index], NOTE_KEYS);
	note.keys = OPENSSL_zalloc(sizeof(*note.keys));
	memset(note.keys->rx, 1, sizeof(note.keys->rx));
	memset(note.keys->tx, 9 + which, sizeof(note.keys->tx));
	session_note_send(sessions, &note);
}

static void session_change(struct input *input)
{
	struct sessions *sessions = scene.rig.dp->sessions;
	uint8_t what = take(input), which = what / 8 % COUNT(browsers), how = take(input);
	struct sluice_session_restart restart;
	struct sluice_session_layer layer;
	char why[SLUICE_API_ERROR_MAX];

	memset(&restart, 0, sizeof(restart));
	memset(&layer, 0, sizeof(layer));
	snprintf(restart.id, sizeof(restart.id), "%s", browsers[which]);
	snprintf(layer.id, sizeof(layer.id), "%s", browsers[which]);
	snprintf(layer.rid, sizeof(layer.rid), "%s", how & 1 ? "h" : "auto");
	switch (what % 8) {
	case 0:
	case 1:
		session_offer(which, how);
		break;
	case 2:
	case 3:
		session_keys(which);
		break;
	case 4:
		session_restart(sessions, &restart, &made[which], why);
		break;
	case 5:
		session_layer(sessions, &layer, why);
		break;
	case 6:
		session_delete(sessions, browsers[which], why);
		break;
	default:
		sessions_tick(sessions);
		break;
	}
	sessions_poll(scene.rig.dp);
}

static void sessions_begin(void)
{
	struct sluice_webrtc_listen listen = {.local = api_addr(server_addr(CLIENT_A4))};
	char why[SLUICE_API_ERROR_MAX];

	webrtc_listen_add(scene.rig.dp->sessions, &listen, SLUICE_API_EXIST_OK, why);
	listen.local.port = htons(SESSION_PORT);
	webrtc_listen_add(scene.rig.dp->sessions, &listen, SLUICE_API_EXIST_OK, why);
	for (uint8_t i = 0; i < COUNT(browsers); i++)
		session_offer(i, 0);
}

static uint16_t check_write(struct input *input, uint8_t *room)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint8_t how = take(input), which = how % COUNT(browsers), more = take(input);
	char name[UFRAG_SIZE + 8];
	struct stun_writer writer;
	struct stun_key key;

	snprintf(name, sizeof(name), "%.16s:them", made[which].ufrag);
	if (how & 128)
		name[take(input) % UFRAG_SIZE] ^= 1;
	stun_key_raw(&key, made[how & 64 ? 0 : which].pwd, 32);
	stun_begin(&writer, room, PAYLOAD_MAX, STUN_BINDING, STUN_REQUEST, transaction);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	if (more & 1)
		stun_put_bytes(&writer, STUN_ATTR_USE_CANDIDATE, NULL, 0);
	if (more & 2)
		stun_put_u32(&writer, (enum stun_attr_type)0xc001, more >> 4);
	if (more & 4)
		stun_put_bytes(&writer, STUN_ATTR_ICE_CONTROLLED, transaction, 8);
	if (more & 8)
		stun_put_u32(&writer, STUN_ATTR_PRIORITY, more);
	stun_put_integrity(&writer, &key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

static uint16_t dtls_write(struct input *input, uint8_t *room)
{
	room[0] = 20 + take(input) % 44;
	return 1 + take_bytes(input, room + 1, 1200);
}

/* -- payloads -- */

static uint16_t stun_write(struct input *input, uint8_t *room, enum actor from)
{
	static const enum stun_method methods[] = {STUN_BINDING,           STUN_ALLOCATE,
	                                           STUN_REFRESH,           STUN_SEND,
	                                           STUN_CREATE_PERMISSION, STUN_CHANNEL_BIND};
	static uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint8_t how = take(input), more = take(input);
	struct client_request request = {
	        .method = methods[how % COUNT(methods)],
	        .transport = request.method == STUN_ALLOCATE ? 17 : 0,
	        .family = how & 64 ? 2 : 0,
	        .lifetime = more & 1,
	        .lifetime_s = more & 2 ? 0 : 600,
	        .even_port = more & 4,
	        .reserve = more & 8,
	        .dont_fragment = more & 16,
	        .fingerprint = more & 32,
	        .unknown = more & 64 ? take16(input) : 0,
	        .transaction = transaction,
	};
	struct client_identity identity = {
	        .user = "demo",
	        .realm = scene.realm,
	        .key = how & 128 ? &scene.wrong_key : &scene.key,
	        .nonce = scene.clients[from].has_nonce ? scene.clients[from].nonce : NULL,
	};
	uint8_t data[256];

	transaction[0]++;
	if (request.method == STUN_ALLOCATE)
		request.transport = more & 128 ? more : 17;
	if (how / 8 % 4 != 0 && request.method >= STUN_SEND) {
		request.n_peers = 1 + more % 3;
		for (uint8_t i = 0; i < request.n_peers; i++)
			request.peers[i] = scene_addr(
			        &scene, CLIENTS_END + (how + i) % (ACTORS - CLIENTS_END));
	}
	if (request.method == STUN_CHANNEL_BIND)
		request.channel = 0x4000 + more % 4;
	if (request.method == STUN_SEND)
		return client_send_write(room, PAYLOAD_MAX, &request, data,
		                         take_bytes(input, data, sizeof(data)));
	return client_request_write(room, PAYLOAD_MAX, &request, &identity);
}

static uint16_t channel_write(struct input *input, uint8_t *room)
{
	uint8_t data[512];
	uint16_t channel = 0x4000 + take(input) % 5;

	return client_channel_write(room, PAYLOAD_MAX, channel, data,
	                            take_bytes(input, data, sizeof(data)));
}

/* Any header and payload, sealed as the publisher would. */
static uint16_t srtp_write(struct input *input, uint8_t *room)
{
	uint8_t first = take(input), second = take(input);
	uint32_t ssrc = 0x1000u + take(input) % 3, index = (uint32_t)take16(input) << 2;
	struct rtp_view view;
	struct srtp_job job;
	uint16_t length;

	memset(room, 0, RTP_HEADER_SIZE);
	room[0] = RTP_VERSION << 6 | (first & 0x3f);
	room[1] = second;
	write_be16(room + 2, (uint16_t)index);
	write_be32(room + 4, index * 90);
	write_be32(room + 8, ssrc == 0x1002 ? 0x1100 : ssrc);
	length = RTP_HEADER_SIZE + take_bytes(input, room + RTP_HEADER_SIZE, 1100);
	if (rtp_is_rtcp(second)) {
		int sealed;

		write_be16(room + 2, (uint16_t)(length / 4 - 1));
		length &= ~3;
		sealed = scene.rig.dp->srtp->protect_rtcp(cipher, session, room, length, index + 1);
		return sealed > 0 ? (uint16_t)sealed : length;
	}
	if (rtp_parse(room, length, &view) != 0)
		return length;
	job = (struct srtp_job){
	        .session = session,
	        .src = room + view.header_length,
	        .dst = room + view.header_length,
	        .index = index,
	        .ssrc = htonl(view.ssrc),
	        .header_length = view.header_length,
	        .length = view.payload_length,
	};
	CHECK(scene.rig.dp->srtp->protect(cipher, &job, 1, NULL, 0) == 1);
	return length + 16;
}

static uint16_t session_write(struct input *input, uint8_t *room, uint8_t kind)
{
	switch (kind % 4) {
	case 0:
	case 1:
		return check_write(input, room);
	case 2:
		return dtls_write(input, room);
	default:
		return srtp_write(input, room);
	}
}

static uint16_t payload_write(struct input *input, uint8_t *room, uint8_t kind, enum actor from)
{
	if (kind & 8)
		return session_write(input, room, kind);
	switch (kind % 4) {
	case 0:
		return take_bytes(input, room, PAYLOAD_MAX);
	case 1:
		return stun_write(input, room, from);
	case 2:
		return channel_write(input, room);
	default:
		return srtp_write(input, room);
	}
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
		const struct neighbour *neighbour = &neighbours->slots[slot];
		struct ip_addr ip = neighbour->ip;

		if (!neighbour->waits)
			continue;
		neighbour_set(neighbours, neighbour->link, &ip, NEIGHBOUR_FAILED, NULL);
		punt_neighbour_changed(scene.rig.dp, slot);
	}
}

/* Nothing of this input is left for the next one. */
static void all_end(void)
{
	char why[SLUICE_API_ERROR_MAX];

	settle();
	sessions_end_all(scene.rig.dp->sessions);
	for (uint8_t i = 0; i < COUNT(endpoints); i++)
		media_endpoint_delete(scene.rig.dp->media, endpoints[i].name, why);
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
	        .workers = 2, .max_endpoints = 64, .max_sessions = 8};
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
