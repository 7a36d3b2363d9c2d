/* SPDX-License-Identifier: BSD-3-Clause */
#include "case.h"
#include "pieces.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define DEFAULT_HOP_LIMIT  64
#define RESPONSE_HOP_LIMIT 64
/* Edits may make a message longer by this much. */
#define EDIT_ROOM 256

/* What stood in the counters before the step. */
struct before {
	uint64_t drops[DROP_REASONS];
	uint64_t turn[TURN_COUNTERS];
	uint64_t handed_over;
};

struct run {
	struct scene *scene;
	const struct step *step;
	char *why;
	size_t why_size;
};

static bool wrong(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->why, run->why_size, format, args);
	va_end(args);
	return false;
}

static uint64_t handed_over(const struct scene *scene)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		sum += scene->rig.dp->workers[i]->handed_over;
	return sum;
}

static void counters_read(const struct scene *scene, struct before *before)
{
	for (uint32_t i = 0; i < DROP_REASONS; i++)
		before->drops[i] = scene_drops(scene, i);
	for (uint32_t i = 0; i < TURN_COUNTERS; i++)
		before->turn[i] = turn_counter_sum(scene->rig.dp->turn, i);
	before->handed_over = handed_over(scene);
}

/* -- sending -- */

/* What the step sends as data, or a pattern of the length that it names. Returns the length. */
static uint16_t step_data(const struct step *step, uint8_t room[FRAME_MAX])
{
	const char *data = step->data ? step->data : "data";
	uint16_t length = step->length ? step->length : (uint16_t)strlen(data);

	if (step->empty)
		return 0;
	if (step->data != NULL || step->length == 0)
		memcpy(room, data, length);
	else
		for (uint16_t i = 0; i < length; i++)
			room[i] = (uint8_t)(i * 151 + (i >> 8) + 7);
	return length;
}

static void piece_send(struct run *run, enum actor who, const struct piece *piece)
{
	rig_inject(&run->scene->rig, actor_port(who), run->step->worker, piece->bytes,
	           piece->length);
}

static void pieces_send(struct run *run, enum actor who, const uint8_t *frame, uint16_t length)
{
	struct piece *pieces = calloc(PIECES_MAX, sizeof(*pieces));
	unsigned int count, first = run->step->how == CUT_WITHOUT_FIRST;

	count = frame_cut(frame, length, run->step->cut, (uint16_t)++run->scene->transactions,
	                  pieces);
	if (run->step->how == CUT_OVERLAP)
		piece_shift(&pieces[1], -8);
	for (unsigned int i = first; i < count - (run->step->how == CUT_WITHOUT_LAST); i++) {
		piece_send(run, who,
		           &pieces[run->step->how == CUT_MIXED && i != 0 ? count - i : i]);
		if (run->step->how == CUT_TWICE && i == 1)
			piece_send(run, who, &pieces[i]);
	}
	free(pieces);
}

static void frame_send(struct run *run, enum actor who, struct transport_addr to, uint8_t *message,
                       uint16_t length)
{
	const struct step *step = run->step;
	uint8_t bytes[FRAME_MAX];
	struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 1, 0}},
	        .from_mac = actor_mac(who),
	        .vlan = step->vlan,
	        .from = scene_addr(run->scene, who),
	        .to = to,
	        .hop_limit = step->hop_limit ? step->hop_limit : DEFAULT_HOP_LIMIT,
	        .traffic_class = step->traffic_class,
	        .dont_fragment = step->dont_fragment,
	        .no_checksum = step->no_checksum,
	        .payload = message,
	        .length = length,
	};
	uint16_t size;

	size = frame_write(bytes, sizeof(bytes) - EDIT_ROOM, &frame);
	if (step->frame_edit != NULL)
		step->frame_edit(bytes, &size);
	if (step->checksum_open)
		frame_open_udp_checksum(bytes);
	run->scene->rig.rx_flags = step->checksum_open ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0;
	if (step->cut != 0)
		pieces_send(run, who, bytes, size);
	else
		rig_inject(&run->scene->rig, actor_port(who), step->worker, bytes, size);
	rig_walk(&run->scene->rig);
}

static void message_send(struct run *run, uint8_t *message, uint16_t length)
{
	if (run->step->message_edit != NULL)
		run->step->message_edit(message, &length);
	frame_send(run, run->step->who, server_addr(run->step->who), message, length);
}

static void transaction_next(struct scene *scene, enum actor who)
{
	uint32_t number = ++scene->transactions;

	memset(scene->clients[who].transaction, 0xa5, STUN_TRANSACTION_SIZE);
	memcpy(scene->clients[who].transaction, &number, sizeof(number));
}

static struct transport_addr peer_named(struct run *run)
{
	struct transport_addr addr = scene_addr(run->scene, run->step->to);

	return run->step->inside ? scene_wire(run->scene, addr) : addr;
}

static struct client_request request_filled(struct run *run)
{
	const struct step *step = run->step;
	struct client_request request = step->request;

	if (!step->retransmit)
		transaction_next(run->scene, step->who);
	request.transaction = run->scene->clients[step->who].transaction;
	if (step->to != NOBODY)
		request.peers[request.n_peers++] = peer_named(run);
	if (step->also != NOBODY)
		request.peers[request.n_peers++] = scene_addr(run->scene, step->also);
	if (request.method == STUN_CHANNEL_BIND)
		request.channel = step->channel;
	if (step->token_of != NOBODY)
		request.token = run->scene->clients[step->token_of].token;
	return request;
}

static const char *proof_nonce(struct run *run)
{
	struct scene *scene = run->scene;

	switch (run->step->proof) {
	case PROOF_NONE:
		return NULL;
	case PROOF_FOREIGN_NONCE:
		return scene->clients[CLIENT_B4].nonce;
	case PROOF_FORGED_NONCE:
		return "AAAAAAAAAAAA";
	default:
		return scene->clients[run->step->who].nonce;
	}
}

static void request_send(struct run *run)
{
	const struct step *step = run->step;
	struct client_request request = request_filled(run);
	struct client_identity identity = {
	        .user = step->proof == PROOF_WRONG_USER ? "nobody" : "demo",
	        .realm = run->scene->realm,
	        .key = step->proof == PROOF_WRONG_PASSWORD ? &run->scene->wrong_key
	                                                   : &run->scene->key,
	        .nonce = proof_nonce(run),
	};
	uint8_t message[2048 + EDIT_ROOM];

	message_send(run, message, client_request_write(message, 2048, &request, &identity));
}

static void send_send(struct run *run)
{
	struct client_request request = request_filled(run);
	uint8_t message[FRAME_MAX], data[FRAME_MAX];
	uint16_t length = step_data(run->step, data);

	request.method = STUN_SEND;
	length = client_send_write(message, sizeof(message) - EDIT_ROOM, &request, data, length);
	message_send(run, message, length);
}

static void channel_send(struct run *run)
{
	uint8_t message[FRAME_MAX], data[FRAME_MAX];
	uint16_t length = step_data(run->step, data);

	length = client_channel_write(message, sizeof(message) - EDIT_ROOM, run->step->channel,
	                              data, length);
	message_send(run, message, length);
}

static void datagram_send(struct run *run)
{
	uint8_t message[FRAME_MAX];

	message_send(run, message, step_data(run->step, message));
}

static void peer_send(struct run *run)
{
	uint8_t message[FRAME_MAX];
	uint16_t length = step_data(run->step, message);

	frame_send(run, run->step->who,
	           scene_wire(run->scene, scene_addr(run->scene, run->step->to)), message, length);
}

static void icmp_send(struct run *run)
{
	const struct step *step = run->step;
	uint8_t bytes[FRAME_MAX];
	struct frame about = {
	        .to_mac = {{2, 0, 0, 0, 1, 0}},
	        .from_mac = actor_mac(step->who),
	        .vlan = step->vlan,
	        .from = step->to == NOBODY
	                        ? server_addr(step->who)
	                        : scene_wire(run->scene, scene_addr(run->scene, step->to)),
	        .to = scene_addr(run->scene, step->who),
	};
	uint16_t size = frame_icmp(bytes, &about, step->length ? step->length : 1500, step->mtu);

	if (step->frame_edit != NULL)
		step->frame_edit(bytes, &size);
	run->scene->rig.rx_flags = 0;
	rig_inject(&run->scene->rig, actor_port(step->who), step->worker, bytes, size);
	rig_walk(&run->scene->rig);
}

/* -- judging -- */

static bool frame_take(struct run *run, enum actor at, uint8_t *bytes, uint16_t *length)
{
	unsigned int port = actor_port(at);
	struct rte_mbuf *mbuf = rig_collect(&run->scene->rig, port);
	struct rte_mbuf *other = rig_collect(&run->scene->rig, port);

	if (other == NULL)
		other = rig_collect(&run->scene->rig, !port);
	if (other != NULL) {
		rte_pktmbuf_free(mbuf);
		rte_pktmbuf_free(other);
		return wrong(run, "more came out, or out of the other port");
	}
	if (mbuf == NULL)
		return wrong(run, "nothing came out");
	*length = mbuf->data_len;
	if (mbuf->nb_segs != 1 || mbuf->pkt_len != *length || *length > FRAME_MAX) {
		rte_pktmbuf_free(mbuf);
		return wrong(run, "the mbuf's lengths contradict each other");
	}
	memcpy(bytes, rte_pktmbuf_mtod(mbuf, void *), *length);
	rte_pktmbuf_free(mbuf);
	return true;
}

/* All that comes out are fragments of one datagram, none longer than the way takes. */
static bool pieces_take(struct run *run, enum actor at, uint8_t *bytes, uint16_t *length)
{
	struct piece *pieces = calloc(PIECES_MAX, sizeof(*pieces));
	uint16_t mtu = run->step->mtu != 0 ? run->step->mtu : 1500;
	const char *what = "number of fragments";
	struct rte_mbuf *mbuf;
	unsigned int count = 0;

	while ((mbuf = rig_collect(&run->scene->rig, actor_port(at))) != NULL) {
		if (count < PIECES_MAX && mbuf->data_len <= sizeof(pieces[0].bytes)) {
			pieces[count].length = mbuf->data_len;
			memcpy(pieces[count++].bytes, rte_pktmbuf_mtod(mbuf, void *),
			       mbuf->data_len);
		}
		rte_pktmbuf_free(mbuf);
	}
	if (count == run->step->pieces)
		what = frame_join(pieces, count, mtu, bytes, length);
	free(pieces);
	return what == NULL || wrong(run, "%u frames came out: wrong %s", count, what);
}

/* One datagram comes out of the right port, rightly addressed, every checksum right. bytes keeps
 * it. */
static bool arrival_take(struct run *run, enum actor at, struct frame *frame, uint8_t *bytes)
{
	struct transport_addr expected = scene_addr(run->scene, at);
	struct rte_ether_addr mac = actor_mac(at);
	const char *what;
	uint16_t length;

	if (!(run->step->pieces != 0 ? pieces_take(run, at, bytes, &length)
	                             : frame_take(run, at, bytes, &length)))
		return false;
	what = frame_read(frame, bytes, length);
	if (what != NULL)
		return wrong(run, "came out with a wrong %s", what);
	if (!rte_is_same_ether_addr(&frame->to_mac, &mac))
		return wrong(run, "sent to another neighbour");
	if (!ip_addr_equal(&frame->to.ip, &expected.ip) || frame->to.port != expected.port)
		return wrong(run, "sent to another address");
	if (run->step->size != 0 && frame->length != run->step->size)
		return wrong(run, "payload of %u bytes", frame->length);
	return true;
}

static bool addr_is(const struct transport_addr *a, const struct transport_addr *b)
{
	return a->port == b->port && ip_addr_equal(&a->ip, &b->ip);
}

/* The relayed datagram's IP fields (RFC 8656, 15 and 16). */
static bool fields_check(struct run *run, const struct frame *frame, int hops)
{
	const struct step *step = run->step;
	uint8_t hop_limit = (step->hop_limit ? step->hop_limit : DEFAULT_HOP_LIMIT) - hops;

	if (frame->hop_limit != hop_limit)
		return wrong(run, "hop limit %u", frame->hop_limit);
	if (frame->traffic_class != step->traffic_class)
		return wrong(run, "traffic class %u", frame->traffic_class);
	if (ip_addr_is_v4(&frame->to.ip) && step->pieces == 0 &&
	    frame->dont_fragment != (step->dont_fragment || step->request.dont_fragment))
		return wrong(run, "DF is %d", frame->dont_fragment);
	if (frame->no_checksum != step->sum_none)
		return wrong(run, "UDP checksum left out: %d", frame->no_checksum);
	return true;
}

static bool data_check(struct run *run, const uint8_t *data, uint16_t length)
{
	uint8_t expected[FRAME_MAX];
	uint16_t expected_length = step_data(run->step, expected);

	if (length != expected_length || memcmp(data, expected, length) != 0)
		return wrong(run, "other data: %u bytes for %u", length, expected_length);
	return true;
}

static bool channel_check(struct run *run, const struct frame *frame)
{
	uint16_t channel, length;

	if (!stun_channel_parse(frame->payload, frame->length, &channel, &length))
		return wrong(run, "no ChannelData");
	if (channel != run->step->arrives_on || length != frame->length - STUN_CHANNEL_HEADER_SIZE)
		return wrong(run, "ChannelData on %x of %u bytes", channel, length);
	return data_check(run, frame->payload + STUN_CHANNEL_HEADER_SIZE, length);
}

static bool indication_check(struct run *run, const struct frame *frame,
                             const struct transport_addr *sender)
{
	struct transport_addr peer;
	const uint8_t *data;
	uint16_t length;

	if (!client_data_read(frame->payload, frame->length, &peer, &data, &length))
		return wrong(run, "no Data indication");
	if (!addr_is(&peer, sender))
		return wrong(run, "XOR-PEER-ADDRESS names another peer");
	return data_check(run, data, length);
}

/* The client behind a relayed address, or the peer itself. */
static enum actor receiver(const struct step *step)
{
	return step->to >= RELAYED ? (enum actor)((step->to - RELAYED) / 2) : step->to;
}

/* Whom the receiver takes for the sender: a peer, or the relayed address of a client. */
static struct transport_addr sender_expected(struct run *run)
{
	const struct step *step = run->step;
	struct transport_addr to = scene_addr(run->scene, step->to), sender;

	if (step->act == PEER_DATA)
		return scene_addr(run->scene, step->who);
	sender = run->scene->clients[step->who].relayed[ip_addr_is_v4(&to.ip) ? 0 : 1];
	/* a peer outside of this host sees the wire */
	return step->inside || step->to < RELAYED ? scene_wire(run->scene, sender) : sender;
}

/* How relayed data must arrive. */
enum form {
	FORM_PLAIN, /* at a peer */
	FORM_CHANNEL,
	FORM_DATA,
};

static enum form form_expected(const struct step *step)
{
	if (receiver(step) >= CLIENTS_END)
		return FORM_PLAIN;
	return step->arrives_on != 0 ? FORM_CHANNEL : FORM_DATA;
}

static bool relayed_check(struct run *run)
{
	const struct step *step = run->step;
	enum actor at = receiver(step);
	bool loops = step->act != PEER_DATA && step->to >= RELAYED;
	struct transport_addr sender = sender_expected(run);
	struct transport_addr source = at < CLIENTS_END ? server_addr(at) : sender;
	struct frame frame;
	uint8_t bytes[FRAME_MAX];

	if (!arrival_take(run, at, &frame, bytes))
		return false;
	if (!addr_is(&frame.from, &source))
		return wrong(run, "came from another address");
	if (!fields_check(run, &frame, loops ? 2 : 1))
		return false;
	switch (form_expected(step)) {
	case FORM_CHANNEL:
		return channel_check(run, &frame);
	case FORM_DATA:
		return indication_check(run, &frame, &sender);
	default:
		return data_check(run, frame.payload, frame.length);
	}
}

/* The sender hears of it by ICMP. */
static bool told_check(struct run *run)
{
	const struct step *step = run->step;
	struct transport_addr sender = scene_addr(run->scene, step->who);
	struct transport_addr to = scene_wire(run->scene, scene_addr(run->scene, step->to));
	struct rte_ether_addr mac = actor_mac(step->who);
	struct rte_mbuf *mbuf = rig_collect(&run->scene->rig, actor_port(step->who));
	struct icmp_read icmp;
	uint8_t bytes[FRAME_MAX];
	bool v4 = ip_addr_is_v4(&sender.ip);
	uint16_t length;

	if (mbuf == NULL)
		return wrong(run, "the sender is not told");
	length = mbuf->data_len;
	memcpy(bytes, rte_pktmbuf_mtod(mbuf, void *), length);
	rte_pktmbuf_free(mbuf);
	if (!icmp_frame_read(&icmp, bytes, length))
		return wrong(run, "no ICMP error, or a wrong one");
	if (memcmp(bytes, &mac, sizeof(mac)) != 0 || !ip_addr_equal(&icmp.to, &sender.ip) ||
	    !ip_addr_equal(&icmp.from, &to.ip) || !addr_is(&icmp.quoted_from, &sender) ||
	    !addr_is(&icmp.quoted_to, &to))
		return wrong(run, "an ICMP error about another datagram");
	if (icmp.type != (v4                 ? 3
	                  : step->tells != 0 ? 2
	                                     : 1) ||
	    icmp.code != (step->tells != 0 ? (v4 ? 4 : 0) : (v4 ? 3 : 4)) ||
	    icmp.mtu != step->tells)
		return wrong(run, "ICMP %u, %u with MTU %u", icmp.type, icmp.code, icmp.mtu);
	return true;
}

/* RFC 8656, 11.6: a Data indication with XOR-PEER-ADDRESS and ICMP, and without DATA. */
static bool icmp_relayed_check(struct run *run)
{
	const struct step *step = run->step;
	struct transport_addr peer = scene_addr(run->scene, step->who), named;
	bool v4 = ip_addr_is_v4(&peer.ip);
	uint8_t type = v4 ? 3 : step->mtu != 0 ? 2 : 1;
	uint8_t code = step->mtu != 0 ? (v4 ? 4 : 0) : (v4 ? 3 : 4);
	struct frame frame;
	struct client_icmp icmp;
	uint8_t bytes[FRAME_MAX];

	if (!arrival_take(run, receiver(step), &frame, bytes))
		return false;
	if (!client_icmp_read(frame.payload, frame.length, &named, &icmp))
		return wrong(run, "no ICMP attribute");
	if (!addr_is(&named, &peer))
		return wrong(run, "XOR-PEER-ADDRESS names another peer");
	if (icmp.type != type || icmp.code != code || icmp.data != step->mtu)
		return wrong(run, "ICMP attribute %u, %u, %u", icmp.type, icmp.code, icmp.data);
	return true;
}

static void response_remember(struct run *run, const struct client_response *response)
{
	enum actor who = run->step->who;

	if (response->has_nonce) {
		memcpy(run->scene->clients[who].nonce, response->nonce, STUN_NONCE_SIZE);
		run->scene->clients[who].has_nonce = true;
	}
	if (response->has_token)
		memcpy(run->scene->clients[who].token, response->token, CLIENT_TOKEN_SIZE);
	if (response->method == STUN_ALLOCATE && response->class == STUN_SUCCESS)
		memcpy(run->scene->clients[who].relayed, response->relayed,
		       sizeof(response->relayed));
}

static bool response_values_check(struct run *run, const struct client_response *response)
{
	const struct step *step = run->step;
	struct transport_addr client = scene_addr(run->scene, step->who);
	const struct transport_addr *relayed = run->scene->clients[step->who].relayed;

	if (step->lifetime_s != 0 && response->lifetime_s != step->lifetime_s)
		return wrong(run, "lifetime %u", response->lifetime_s);
	if (response->class == STUN_SUCCESS &&
	    (response->method == STUN_BINDING || response->method == STUN_ALLOCATE) &&
	    !addr_is(&response->mapped, &client))
		return wrong(run, "XOR-MAPPED-ADDRESS names another address");
	if (step->same_relayed && (!addr_is(&response->relayed[0], &relayed[0]) ||
	                           !addr_is(&response->relayed[1], &relayed[1])))
		return wrong(run, "another relayed address");
	if (step->token_of != NOBODY && response->class == STUN_SUCCESS &&
	    ntohs(response->relayed[0].port) !=
	            ntohs(run->scene->clients[step->token_of].relayed[0].port) + 1)
		return wrong(run, "not the reserved port");
	if (step->even && (ntohs(response->relayed[0].port) & 1) != 0)
		return wrong(run, "odd relayed port");
	if (response->has_fingerprint != step->request.fingerprint)
		return wrong(run, "FINGERPRINT is%s there",
		             response->has_fingerprint ? "" : " not");
	if (response->class == STUN_SUCCESS && response->method != STUN_BINDING &&
	    !response->has_integrity)
		return wrong(run, "success without MESSAGE-INTEGRITY");
	return true;
}

static bool response_check(struct run *run)
{
	const struct step *step = run->step;
	struct transport_addr server = server_addr(step->who);
	struct client_response response;
	struct frame frame;
	uint8_t bytes[FRAME_MAX];

	if (!arrival_take(run, step->who, &frame, bytes))
		return false;
	if (!addr_is(&frame.from, &server))
		return wrong(run, "answered from another address");
	if (frame.hop_limit != RESPONSE_HOP_LIMIT)
		return wrong(run, "hop limit %u", frame.hop_limit);
	if (!client_response_read(&response, frame.payload, frame.length))
		return wrong(run, "no STUN response");
	if (memcmp(frame.payload + 8, run->scene->clients[step->who].transaction,
	           STUN_TRANSACTION_SIZE) != 0)
		return wrong(run, "another transaction's response");
	if (response.method != step->request.method)
		return wrong(run, "response of method %x", response.method);
	if (response.error != step->error || (response.class == STUN_ERROR) != (step->error != 0))
		return wrong(run, "error %u", response.error);
	if (!response_values_check(run, &response))
		return false;
	response_remember(run, &response);
	return true;
}

static bool nothing_check(struct run *run)
{
	for (unsigned int port = 0; port < RIG_PORTS; port++) {
		struct rte_mbuf *mbuf = rig_collect(&run->scene->rig, port);

		if (mbuf == NULL)
			continue;
		rte_pktmbuf_free(mbuf);
		return wrong(run, "came out of port %u", port);
	}
	return true;
}

/* Of the drop counters exactly the expected one has moved, by one. */
static bool drops_check(struct run *run, const struct before *before)
{
	for (uint32_t i = 0; i < DROP_REASONS; i++) {
		uint64_t moved = scene_drops(run->scene, i) - before->drops[i];
		uint64_t expected = run->step->drop != DROP_NONE && i == run->step->drop;

		if (moved != expected)
			return wrong(run, "counter drop.%s moved by %lu", drop_reasons[i].name,
			             moved);
	}
	return true;
}

struct error_counter {
	uint16_t error;
	enum turn_counter counter;
};

static const struct error_counter error_counters[] = {
        {300, TURN_ERROR_300}, {400, TURN_ERROR_400}, {401, TURN_ERROR_401}, {403, TURN_ERROR_403},
        {420, TURN_ERROR_420}, {437, TURN_ERROR_437}, {438, TURN_ERROR_438}, {440, TURN_ERROR_440},
        {441, TURN_ERROR_441}, {442, TURN_ERROR_442}, {443, TURN_ERROR_443}, {486, TURN_ERROR_486},
        {508, TURN_ERROR_508},
};

static int counter_of_request(const struct step *step)
{
	for (size_t i = 0; i < RTE_DIM(error_counters); i++)
		if (error_counters[i].error == step->error)
			return error_counters[i].counter;
	if (step->retransmit)
		return TURN_RETRANSMITTED;
	switch (step->request.method) {
	case STUN_BINDING:
		return TURN_BINDING;
	case STUN_ALLOCATE:
		return TURN_ALLOCATE_SUCCESS;
	case STUN_REFRESH:
		return TURN_REFRESH_SUCCESS;
	case STUN_CREATE_PERMISSION:
		return TURN_CREATE_PERMISSION_SUCCESS;
	default:
		return TURN_CHANNEL_BIND_SUCCESS;
	}
}

static bool turn_counter_check(struct run *run, const struct before *before)
{
	const struct step *step = run->step;
	int counter;

	switch (step->act) {
	case ICMP:
		return true;
	case REQUEST:
		counter = counter_of_request(step);
		break;
	case CHANNEL_DATA:
		counter = TURN_CHANNEL_TO_PEER;
		break;
	case SEND:
		counter = TURN_SEND_TO_PEER;
		break;
	default:
		counter = form_expected(step) == FORM_CHANNEL ? TURN_CHANNEL_TO_CLIENT
		                                              : TURN_DATA_TO_CLIENT;
		break;
	}
	if (turn_counter_sum(run->scene->rig.dp->turn, counter) != before->turn[counter] + 1)
		return wrong(run, "counter turn.%s has not moved",
		             turn_counter_infos[counter].name);
	return true;
}

static bool (*const arrival_checks[])(struct run *run) = {
        [REQUEST] = response_check,  [CHANNEL_DATA] = relayed_check, [SEND] = relayed_check,
        [PEER_DATA] = relayed_check, [DATAGRAM] = relayed_check,     [ICMP] = icmp_relayed_check,
};

static bool outcome_check(struct run *run, const struct before *before)
{
	bool handed = handed_over(run->scene) != before->handed_over;

	if (!drops_check(run, before))
		return false;
	/* of one queue for all, some flows are the other worker's, and each step may be */
	if (run->scene->rig.queues == run->scene->rig.dp->n_workers &&
	    handed != run->step->handed_over)
		return wrong(run, "%s by way of another worker", handed ? "went" : "did not go");
	if ((run->step->tells != 0 || run->step->unreachable) && !told_check(run))
		return false;
	if (run->step->drop != DROP_NONE || run->step->kept)
		return run->step->rest_left || nothing_check(run);
	if (!arrival_checks[run->step->act](run))
		return false;
	return turn_counter_check(run, before);
}

/* Clients ask for a nonce as the first thing, as any client does. */
static bool nonce_ask(struct run *run)
{
	const struct step *step = run->step;
	struct step ask = {
	        .act = REQUEST,
	        .who = step->proof == PROOF_FOREIGN_NONCE ? CLIENT_B4 : step->who,
	        .request = {.method = STUN_ALLOCATE, .transport = 17},
	        .proof = PROOF_NONE,
	        .error = 401,
	};
	bool needed = step->act == REQUEST && step->proof != PROOF_NONE &&
	              step->request.method != STUN_BINDING && step->proof != PROOF_FORGED_NONCE &&
	              step->drop == DROP_NONE;

	if (!needed || run->scene->clients[ask.who].has_nonce)
		return true;
	return step_run(run->scene, &ask, run->why, run->why_size);
}

static void (*const senders[])(struct run *run) = {
        [REQUEST] = request_send, [CHANNEL_DATA] = channel_send, [SEND] = send_send,
        [PEER_DATA] = peer_send,  [DATAGRAM] = datagram_send,    [ICMP] = icmp_send,
};

bool step_run(struct scene *scene, const struct step *step, char *why, size_t size)
{
	struct run run = {.scene = scene, .step = step, .why = why, .why_size = size};
	struct before before;

	switch (step->act) {
	case LATER:
		scene_wait(scene, step->seconds);
		return true;
	case SWEEP:
		scene_sweep(scene);
		return true;
	case CALL:
		return step->call(scene) || wrong(&run, "not so");
	default:
		if (!nonce_ask(&run))
			return false;
		counters_read(scene, &before);
		senders[step->act](&run);
		return outcome_check(&run, &before);
	}
}
