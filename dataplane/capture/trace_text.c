/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace_text.h"

#include "dataplane.h"
#include "graph/drop.h"
#include "net/port.h"
#include "net/service.h"
#include "stun/message.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TRANSPORT_MAX 56 /* "[IPv6]:port" */
#define RTCP_FIRST    192
#define RTCP_LAST     223

static void transport_text(const struct ip_addr *ip, uint16_t port, bool udp,
                           char text[TRANSPORT_MAX])
{
	bool v4 = ip_addr_is_v4(ip);
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)&ip->words[3] : ip->bytes, addr,
	          sizeof(addr));
	if (udp)
		snprintf(text, TRANSPORT_MAX, v4 ? "%s:%u" : "[%s]:%u", addr,
		         rte_be_to_cpu_16(port));
	else
		snprintf(text, TRANSPORT_MAX, "%s", addr);
}

static const char *method_text(uint16_t method)
{
	static const struct {
		uint16_t method;
		const char *name;
	} names[] = {
	        {STUN_BINDING, "Binding"},
	        {STUN_ALLOCATE, "Allocate"},
	        {STUN_REFRESH, "Refresh"},
	        {STUN_SEND, "Send"},
	        {STUN_DATA, "Data"},
	        {STUN_CREATE_PERMISSION, "CreatePermission"},
	        {STUN_CHANNEL_BIND, "ChannelBind"},
	};

	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (names[i].method == method)
			return names[i].name;
	return "of another method";
}

static const char *class_text(uint16_t stun_class)
{
	switch (stun_class) {
	case STUN_REQUEST:
		return "request";
	case STUN_INDICATION:
		return "indication";
	case STUN_SUCCESS:
		return "success";
	default:
		return "error";
	}
}

static bool is_listener(const struct dataplane *dp, const struct ip_addr *ip, uint16_t port)
{
	const struct service *service = service_find(dp->services, ip, port);

	return service != NULL && service->kind == SERVICE_TURN;
}

/* By its first bytes (RFC 7983), as classify does it; ChannelData is between clients and a listener
 * alone. */
static void payload_text(const struct trace_step *step, const struct dataplane *dp, char *text,
                         size_t room)
{
	const uint8_t *payload = step->payload;
	uint16_t length = step->payload_length;

	if (length >= 4 && payload[0] < 4)
		snprintf(text, room, "STUN %s %s", method_text(stun_method_of(payload)),
		         class_text(stun_class_of(payload)));
	else if (length >= 4 && payload[0] >> 6 == 1 &&
	         (is_listener(dp, &step->dst, step->dst_port) ||
	          is_listener(dp, &step->src, step->src_port)))
		snprintf(text, room, "ChannelData 0x%04x",
		         (unsigned int)(payload[0] << 8 | payload[1]));
	else if (length >= 2 && payload[0] >= 20 && payload[0] < 64)
		snprintf(text, room, "DTLS");
	else if (length >= 12 && payload[0] >> 6 == 2 &&
	         (payload[1] < RTCP_FIRST || payload[1] > RTCP_LAST))
		snprintf(text, room, "%sRTP %u", step->form == PACKET_RTP ? "plaintext " : "",
		         (unsigned int)(payload[2] << 8 | payload[3]));
	else if (length >= 8 && payload[0] >> 6 == 2)
		snprintf(text, room, "%sRTCP", step->form == PACKET_RTP ? "plaintext " : "");
	else
		snprintf(text, room, "data");
}

static void saw_text(const struct trace_step *step, const struct dataplane *dp, char *text,
                     size_t room)
{
	char src[TRANSPORT_MAX], dst[TRANSPORT_MAX], payload[40];

	if (!step->ip) {
		snprintf(text, room, "frame of %u bytes", step->length);
		return;
	}
	transport_text(&step->src, step->src_port, step->udp, src);
	transport_text(&step->dst, step->dst_port, step->udp, dst);
	payload_text(step, dp, payload, sizeof(payload));
	if (step->udp)
		snprintf(text, room, "%.54s > %.54s %.30s, %u bytes", src, dst, payload,
		         step->payload_length);
	else
		snprintf(text, room, "%s > %s, %u bytes", src, dst, step->length);
}

static const char *port_text(const struct dataplane *dp, uint16_t port)
{
	return port < PORTS_MAX ? dp->ports->table[port].name : "no port";
}

/* The one that has the queue which this worker's frames leave by. */
static uint16_t sender_of(const struct dataplane *dp, uint16_t worker, uint16_t port)
{
	if (port >= PORTS_MAX || dp->ports->table[port].queues == 0)
		return worker;
	return port_queue_worker(dp, port, port_tx_queue(dp, worker, port));
}

/* Where a packet goes that takes no edge. */
static void end_text(const struct trace_step *step, const struct dataplane *dp, uint16_t worker,
                     char *text, size_t room)
{
	const struct drop_reason_info *reason =
	        &drop_reasons[step->reason < DROP_REASONS ? step->reason : DROP_NONE];

	if (strcmp(step->node, "drop") == 0)
		snprintf(text, room, "dropped, %s: %s", reason->name, reason->help);
	else if (strcmp(step->node, "port_tx") == 0 && sender_of(dp, worker, step->port) != worker)
		snprintf(text, room, "handed to worker %u, to be sent",
		         sender_of(dp, worker, step->port));
	else if (strcmp(step->node, "port_tx") == 0)
		snprintf(text, room, "sent by %s", port_text(dp, step->port));
	else if (strcmp(step->node, "hand_over") == 0)
		snprintf(text, room, "handed to worker %u", step->queue);
	else if (strcmp(step->node, "kernel") == 0)
		snprintf(text, room, "handed to the kernel");
	else if (strcmp(step->node, "neighbour_wait") == 0)
		snprintf(text, room, "waits for its next hop's address");
	else if (strcmp(step->node, "srtp_encrypt") == 0)
		snprintf(text, room, "a copy to each subscription");
	else if (strcmp(step->node, "media_route") == 0)
		snprintf(text, room, "handed to the workers of its subscriptions");
	else
		snprintf(text, room, "ends here");
}

void trace_row_write(struct sluice_trace_row *row, const struct dataplane *dp,
                     const struct trace_packet *packet, uint32_t index, uint32_t number)
{
	const struct trace_step *step = &packet->steps[index];
	char saw[sizeof(row->saw)];

	*row = (struct sluice_trace_row){.packet = number, .worker = packet->worker};
	snprintf(row->node, sizeof(row->node), "%s", step->node);
	saw_text(step, dp, saw, sizeof(saw));
	if (index == 0)
		snprintf(row->saw, sizeof(row->saw), "%.*s, queue %u: %.120s", SLUICE_PORT_NAME_MAX,
		         port_text(dp, step->port), step->queue, saw);
	else
		memcpy(row->saw, saw, sizeof(row->saw));
	if (step->next != NULL)
		snprintf(row->decided, sizeof(row->decided), "to %s", step->next);
	else
		end_text(step, dp, packet->worker, row->decided, sizeof(row->decided));
}
