/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/filter.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "media/config.h"
#include "media/receive.h"
#include "media/state.h"
#include "net/port.h"
#include "net/service.h"
#include "session/session.h"
#include "turn/config.h"
#include "turn/state.h"
#include "turn/users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SSRC_OFFSET    8       /* in RTP's header (RFC 3550, 5.1) */
#define COUNTER_PREFIX "drop." /* as `counter show` names a reason */

static int ports_find(struct filter *filter, const struct dataplane *dp, const char *name,
                      char *why)
{
	filter->ports = UINT64_MAX;
	if (name[0] == '\0')
		return 0;
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		if (!dp->ports->table[i].used || strcmp(dp->ports->table[i].name, name) != 0)
			continue;
		filter->ports = UINT64_C(1) << i;
		return 0;
	}
	return refuse(why, -ENOENT, "no port %s", name);
}

/* By its name, or by that of its counter. */
static int reason_find(struct filter *filter, const char *name, char *why)
{
	static const char prefix[] = "drop.";

	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	if (name[0] == '\0') {
		filter->reason = DROP_REASONS;
		return 0;
	}
	if (strncmp(name, COUNTER_PREFIX, strlen(COUNTER_PREFIX)) == 0)
		name += strlen(COUNTER_PREFIX);
	for (uint16_t i = 0; i < DROP_REASONS; i++) {
		if (strcmp(drop_reasons[i].name, name) != 0)
			continue;
		filter->reason = i;
		return 0;
	}
	return refuse(why, -EINVAL, "%s: no reason to drop; see `counter show`, drop.*", name);
}

/* A name that is not there is refused; one that goes and comes again is followed. */
static int media_find(struct filter *filter, const struct media *media,
                      const struct sluice_capture_filter *wanted, char *why)
{
	if (wanted->endpoint[0] != '\0' &&
	    (media == NULL || endpoint_named(media, wanted->endpoint) == 0))
		return refuse(why, -ENOENT, "no endpoint %s", wanted->endpoint);
	if (wanted->stream[0] != '\0' &&
	    (media == NULL || stream_named(media, wanted->stream) == 0))
		return refuse(why, -ENOENT, "no stream %s", wanted->stream);
	snprintf(filter->endpoint, sizeof(filter->endpoint), "%s", wanted->endpoint);
	snprintf(filter->stream, sizeof(filter->stream), "%s", wanted->stream);
	return 0;
}

static void user_find(struct filter *filter, const struct dataplane *dp, const char *name)
{
	filter->user = name[0] != '\0';
	if (filter->user)
		turn_names_read(&filter->users, dp->turn, name, strlen(name));
}

static int filter_check(const struct sluice_capture_filter *wanted, char *why)
{
	const uint32_t all = (1u << SLUICE_CAPTURE_POINTS) - 1;

	if (wanted->points == 0 || (wanted->points & ~all) != 0)
		return refuse(why, -EINVAL, "points 0x%x: expected some of 0x%x", wanted->points,
		              all);
	if (wanted->direction > SLUICE_CAPTURE_OUT)
		return refuse(why, -EINVAL, "unknown direction %u", wanted->direction);
	if ((wanted->points & 1u << SLUICE_CAPTURE_DECRYPTED) && wanted->stream[0] == '\0' &&
	    wanted->endpoint[0] == '\0')
		return refuse(why, -EINVAL,
		              "decrypted media is shown of a stream or of an endpoint: name one");
	if (wanted->reason[0] != '\0' && wanted->points != 1u << SLUICE_CAPTURE_DROPPED)
		return refuse(why, -EINVAL,
		              "a reason is what dropped packets have: that point "
		              "alone");
	return 0;
}

int filter_make(struct filter *filter, const struct dataplane *dp,
                const struct sluice_capture_filter *wanted, char *why)
{
	int error = filter_check(wanted, why);

	*filter = (struct filter){
	        .points = wanted->points,
	        .direction = wanted->direction,
	        .allocation = wanted->allocation,
	};
	if (error == 0)
		error = ports_find(filter, dp, wanted->port, why);
	if (error == 0)
		error = reason_find(filter, wanted->reason, why);
	if (error == 0)
		error = media_find(filter, dp->media, wanted, why);
	user_find(filter, dp, wanted->user);
	filter->packet = filter->allocation != 0 || filter->user || filter->endpoint[0] != '\0' ||
	                 filter->stream[0] != '\0';
	return error;
}

static bool allocation_wanted(const struct filter *filter, struct turn *turn, uint32_t index)
{
	const struct allocation *allocation;

	if (index == 0)
		return false;
	allocation = turn_allocation(turn, index);
	if (filter->allocation != 0 &&
	    filter->allocation !=
	            ((uint64_t)__atomic_load_n(&allocation->generation, __ATOMIC_RELAXED) << 32 |
	             index))
		return false;
	return !filter->user || turn_names_have(&filter->users, allocation->user_hash);
}

/* Is `ours` the server's end of an allocation that is wanted, and `theirs` the other? */
static bool side_wanted(const struct filter *filter, const struct dataplane *dp,
                        const struct ip_addr *ours, uint16_t our_port, const struct ip_addr *theirs,
                        uint16_t their_port)
{
	const struct services *services = __atomic_load_n(&dp->services, __ATOMIC_ACQUIRE);
	const struct service *service = service_find(services, ours, our_port);
	struct five_tuple client = {.src = *theirs, .src_port = their_port};

	if (service == NULL)
		return false;
	if (service->kind == SERVICE_RELAY)
		return allocation_wanted(filter, dp->turn,
		                         relay_port_owner(&dp->turn->relays[service->index],
		                                          rte_be_to_cpu_16(our_port)));
	if (service->kind != SERVICE_TURN)
		return false;
	client.service = service->index;
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		uint32_t index = clients_find(&dp->workers[i]->turn->clients, dp->turn->allocations,
		                              &client);

		if (allocation_wanted(filter, dp->turn, allocation_of_place(dp->turn, index)))
			return true;
	}
	return false;
}

static bool allocation_match(const struct filter *filter, const struct dataplane *dp,
                             const struct view *view)
{
	return view->udp &&
	       (side_wanted(filter, dp, &view->dst, view->dst_port, &view->src, view->src_port) ||
	        side_wanted(filter, dp, &view->src, view->src_port, &view->dst, view->dst_port));
}

/* The endpoint that the packet belongs to, `ours` being the local address, or NULL. */
static const struct endpoint *endpoint_at(const struct dataplane *dp, const struct ip_addr *ours,
                                          uint16_t our_port, const struct ip_addr *theirs,
                                          uint16_t their_port)
{
	const struct services *services = __atomic_load_n(&dp->services, __ATOMIC_ACQUIRE);
	const struct service *service = service_find(services, ours, our_port);
	struct packet packet = {.flow = {.src = *theirs, .src_port = their_port}};

	if (service == NULL || (service->kind != SERVICE_MEDIA && service->session == 0))
		return NULL;
	packet.flow.service =
	        service->session != 0 ? session_service(service->session) : service->index;
	return endpoint_find(dp->media, &packet);
}

/* in: it comes from the endpoint; otherwise it goes there. */
static const struct endpoint *endpoint_of(const struct dataplane *dp, const struct view *view,
                                          bool in)
{
	if (!view->udp)
		return NULL;
	return in ? endpoint_at(dp, &view->dst, view->dst_port, &view->src, view->src_port)
	          : endpoint_at(dp, &view->src, view->src_port, &view->dst, view->dst_port);
}

static bool endpoint_is(const struct endpoint *endpoint, const char *name)
{
	return endpoint != NULL && strcmp(endpoint->name, name) == 0;
}

static bool endpoint_match(const struct filter *filter, const struct dataplane *dp,
                           const struct view *view)
{
	if (view->stream != 0)
		return endpoint_is(&dp->media->endpoints[dp->media->streams[view->stream].endpoint],
		                   filter->endpoint);
	return endpoint_is(endpoint_of(dp, view, true), filter->endpoint) ||
	       endpoint_is(endpoint_of(dp, view, false), filter->endpoint);
}

/* In clear, whatever the rest is. False: no RTP. */
static bool ssrc_read(const struct view *view, uint32_t *ssrc)
{
	if (!view->udp || view->payload_length < RTP_HEADER_SIZE || view->payload[0] >> 6 != 2 ||
	    rtp_is_rtcp(view->payload[1]))
		return false;
	memcpy(ssrc, view->payload + SSRC_OFFSET, sizeof(*ssrc));
	*ssrc = rte_be_to_cpu_32(*ssrc);
	return true;
}

/* As the forwarding unit does it: an SSRC that is not configured may be the one that a stream waits
 * for. */
static uint32_t published_find(const struct endpoint *endpoint, uint32_t ssrc)
{
	const struct endpoint_sources *sources =
	        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);
	uint32_t unnamed = 0;

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		const struct endpoint_source *source = sources->sources[i];
		uint32_t named = __atomic_load_n(&source->ssrc, __ATOMIC_RELAXED);

		if (named == ssrc)
			return source->stream;
		if (named == 0 && unnamed == 0)
			unnamed = source->stream;
	}
	return unnamed;
}

static uint32_t subscribed_find(const struct media *media, const struct endpoint *endpoint,
                                uint32_t ssrc)
{
	const struct endpoint_subscriptions *legs =
	        __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		const struct subscription *subscription =
		        &media->subscriptions[legs->list[i].subscription];

		if (legs->list[i].ssrc == ssrc || (ssrc != 0 && subscription->rtx_ssrc == ssrc))
			return __atomic_load_n(&subscription->stream, __ATOMIC_ACQUIRE);
	}
	return 0;
}

/* Its index; 0: none. */
static uint32_t stream_of(const struct dataplane *dp, const struct view *view)
{
	const struct endpoint *endpoint;
	uint32_t ssrc;

	if (view->stream != 0)
		return view->stream;
	if (!ssrc_read(view, &ssrc))
		return 0;
	endpoint = endpoint_of(dp, view, true);
	if (endpoint != NULL)
		return published_find(endpoint, ssrc);
	endpoint = endpoint_of(dp, view, false);
	return endpoint != NULL ? subscribed_find(dp->media, endpoint, ssrc) : 0;
}

static bool stream_match(const struct filter *filter, const struct dataplane *dp,
                         const struct view *view)
{
	const struct stream *stream = &dp->media->streams[stream_of(dp, view)];

	return __atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) &&
	       strcmp(stream->name, filter->stream) == 0;
}

bool filter_view(const struct filter *filter, const struct dataplane *dp, const struct view *view)
{
	if ((filter->allocation != 0 || filter->user) && !allocation_match(filter, dp, view))
		return false;
	if (filter->endpoint[0] != '\0' && !endpoint_match(filter, dp, view))
		return false;
	return filter->stream[0] == '\0' || stream_match(filter, dp, view);
}
