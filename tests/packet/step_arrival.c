/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes out after a step, and to whom. */
#include "step_run.h"

#include "pieces.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define RESPONSE_HOP_LIMIT 64

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

enum form form_expected(const struct step *step)
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

bool told_check(struct run *run)
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
	if (response->has_ticket)
		memcpy(run->scene->clients[who].ticket, response->ticket, CLIENT_TICKET_SIZE);
	if (run->step->ticket_of != NOBODY && response->class == STUN_SUCCESS)
		memcpy(run->scene->clients[who].relayed,
		       run->scene->clients[run->step->ticket_of].relayed,
		       sizeof(response->relayed));
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
	if (step->told_ticket != response->has_ticket)
		return wrong(run, "MOBILITY-TICKET is%s there", response->has_ticket ? "" : " not");
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

bool nothing_check(struct run *run)
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

static bool (*const arrival_checks[])(struct run *run) = {
        [REQUEST] = response_check,  [CHANNEL_DATA] = relayed_check, [SEND] = relayed_check,
        [PEER_DATA] = relayed_check, [DATAGRAM] = relayed_check,     [ICMP] = icmp_relayed_check,
};

bool step_arrival_check(struct run *run)
{
	return arrival_checks[run->step->act](run);
}
