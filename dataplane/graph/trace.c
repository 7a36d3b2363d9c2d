/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/trace.h"

#include "dataplane.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "media/state.h"
#include "net/port.h"
#include "stun/message.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

trace_formatter trace_formatter_find(const char *node)
{
	for (uint32_t i = 0; i < graph_nodes_count; i++)
		if (strcmp(graph_nodes[i]->name, node) == 0)
			return graph_nodes[i]->trace;
	return NULL;
}

void trace_ip_text(const struct ip_addr *ip, char text[TRACE_TRANSPORT_MAX])
{
	bool v4 = ip_addr_is_v4(ip);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)&ip->words[3] : ip->bytes, text,
	          TRACE_TRANSPORT_MAX);
}

void trace_transport_text(const struct ip_addr *ip, uint16_t port, char text[TRACE_TRANSPORT_MAX])
{
	char addr[TRACE_TRANSPORT_MAX];

	trace_ip_text(ip, addr);
	snprintf(text, TRACE_TRANSPORT_MAX, ip_addr_is_v4(ip) ? "%.46s:%u" : "[%.46s]:%u", addr,
	         rte_be_to_cpu_16(port));
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
	return "unknown";
}

void trace_stun_text(const uint8_t *message, char text[TRACE_STUN_MAX])
{
	static const char *const classes[] = {
	        [STUN_REQUEST] = "request",
	        [STUN_INDICATION] = "indication",
	        [STUN_SUCCESS] = "success",
	        [STUN_ERROR] = "error",
	};

	snprintf(text, TRACE_STUN_MAX, "%s %s", method_text(stun_method_of(message)),
	         classes[stun_class_of(message)]);
}

const char *trace_port_name(const struct dataplane *dp, uint16_t port)
{
	return port < PORTS_MAX ? dp->ports->table[port].name : "no port";
}

const struct stream *trace_stream(const struct dataplane *dp, const struct packet *packet)
{
	const struct media *media = dp->media;
	uint32_t index = packet->media.stream;

	return media != NULL && index <= media->max_streams ? &media->streams[index] : NULL;
}

const char *trace_stream_name(const struct stream *stream)
{
	return stream != NULL && stream->live ? stream->name : "gone";
}

const char *trace_endpoint_name(const struct dataplane *dp, uint32_t index)
{
	const struct media *media = dp->media;

	return media != NULL && index <= media->max_endpoints && media->endpoints[index].live
	               ? media->endpoints[index].name
	               : "gone";
}
