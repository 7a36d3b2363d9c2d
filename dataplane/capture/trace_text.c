/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace_text.h"

#include "dataplane.h"
#include "graph/drop.h"
#include "net/port.h"
#include "net/service.h"
#include "stun/message.h"

#include <stdio.h>
#include <string.h>

#define RTCP_FIRST 192
#define RTCP_LAST  223

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
	char stun[TRACE_STUN_MAX];

	if (length >= 4 && payload[0] < 4) {
		trace_stun_text(payload, stun);
		snprintf(text, room, "STUN %.27s", stun);
	} else if (length >= 4 && payload[0] >> 6 == 1 &&
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
	char src[TRACE_TRANSPORT_MAX], dst[TRACE_TRANSPORT_MAX], payload[40];

	if (!step->ip) {
		snprintf(text, room, "frame of %u bytes", step->length);
		return;
	}
	if (!step->udp) {
		trace_ip_text(&step->src, src);
		trace_ip_text(&step->dst, dst);
		snprintf(text, room, "%s > %s, %u bytes", src, dst, step->length);
		return;
	}
	trace_transport_text(&step->src, step->src_port, src);
	trace_transport_text(&step->dst, step->dst_port, dst);
	payload_text(step, dp, payload, sizeof(payload));
	snprintf(text, room, "%.54s > %.54s %.32s, %u bytes", src, dst, payload,
	         step->payload_length);
}

/* Where a packet comes from that begins here. */
static void begin_text(const struct trace_step *step, const struct dataplane *dp, char *text,
                       size_t room)
{
	const struct packet *packet = &step->before;

	if (strcmp(step->node, "port_rx") != 0)
		snprintf(text, room, "made here: ");
	else if (step->form != PACKET_FRAME)
		snprintf(text, room, "inbox: ");
	else if (packet->flags & PACKET_HANDED_OVER)
		snprintf(text, room, "%s, inbox: ", trace_port_name(dp, packet->port));
	else
		snprintf(text, room, "%s, queue %u: ", trace_port_name(dp, packet->port),
		         packet->queue);
}

/* What the node says of it; of what it drops or hands over, the same for all. */
static void became_text(const struct trace_step *step, const struct dataplane *dp, char *text,
                        size_t room)
{
	trace_formatter format = trace_formatter_find(step->node);
	uint8_t reason = step->after.reason;
	size_t length = 0;

	text[0] = '\0';
	if (step->next != NULL && strcmp(step->next, "hand_over") == 0) {
		snprintf(text, room, "worker %u has its object", step->after.worker);
		return;
	}
	if (step->next != NULL && strcmp(step->next, "drop") == 0) {
		length = snprintf(text, room, "%s",
		                  drop_reasons[reason < DROP_REASONS ? reason : DROP_NONE].name);
		if (strcmp(step->node, "gate") != 0)
			return;
		length += snprintf(text + length, room - length, ", ");
	}
	if (format != NULL)
		format(dp, step, text + length, room - length);
}

void trace_row_write(struct sluice_trace_row *row, const struct dataplane *dp,
                     const struct trace_packet *packet, uint32_t index, uint32_t number)
{
	const struct trace_step *step = &packet->steps[index];
	char saw[sizeof(row->saw)], begin[40] = "", became[sizeof(row->decided)];

	*row = (struct sluice_trace_row){.packet = number, .worker = packet->worker};
	snprintf(row->node, sizeof(row->node), "%s", step->node);
	if (index == 0)
		begin_text(step, dp, begin, sizeof(begin));
	saw_text(step, dp, saw, sizeof(saw));
	snprintf(row->saw, sizeof(row->saw), "%s%.119s", begin, saw);
	became_text(step, dp, became, sizeof(became));
	if (step->next == NULL)
		snprintf(row->decided, sizeof(row->decided), "%s",
		         became[0] != '\0' ? became : "ends here");
	else
		snprintf(row->decided, sizeof(row->decided), "to %.24s%s%.95s", step->next,
		         became[0] != '\0' ? ": " : "", became);
}
