/* SPDX-License-Identifier: BSD-3-Clause */
#include "receive_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

int call_setup(void **state)
{
	static struct call call;

	call = (struct call){.scene = media_scene_create(2)};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_GCM128);
	call.subscriber = party_add(call.scene, "subscriber", SLUICE_SRTP_CM80);
	*state = &call;
	return 0;
}

int call_teardown(void **state)
{
	struct call *call = *state;

	assert_int_equal(call->subscriber->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

uint64_t dropped(const struct call *call, enum drop_reason reason)
{
	const struct dataplane *dp = call->scene->rig.dp;
	uint64_t sum = 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += dp->workers[i]->drops[reason];
	return sum;
}

uint64_t counted(const struct call *call, enum media_counter counter)
{
	return media_counter_sum(call->scene->rig.dp, counter);
}

int report_write(struct call *call, uint8_t *packet, uint32_t ssrc)
{
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};

	rtcp_put_rr(&writer, ssrc);
	return party_protect(call->publisher, packet, rtcp_end(&writer));
}

void stream_delete(struct call *call, const char *name)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_stream_delete(call->scene->rig.dp->media, name, why) != 0)
		fail_msg("%s", why);
	media_collect_all(call->scene->rig.dp->media);
}

void leg_switch(struct call *call, const char *to)
{
	struct sluice_subscription_switch change = {.stream = "video", .endpoint = "subscriber"};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(change.to, sizeof(change.to), "%s", to);
	if (media_subscription_switch(call->scene->rig.dp->media, &change, why) != 0)
		fail_msg("%s", why);
}

uint16_t publish(struct call *call, uint32_t ssrc, uint16_t seq, uint32_t count)
{
	const struct party_packet *packet;
	uint16_t last = 0;

	for (; count != 0; count--, seq++)
		party_publish(call->scene, call->publisher, ssrc, seq, seq * 3000u);
	while ((packet = party_next(call->subscriber, false)) != NULL)
		last = read_be16(packet->bytes + 2);
	return last;
}

void datagram_write(struct call *call, struct datagram *datagram, uint32_t ssrc, uint16_t seq)
{
	memset(datagram->bytes, 0, RTP_HEADER_SIZE + 50);
	datagram->bytes[0] = RTP_VERSION << 6;
	datagram->bytes[1] = 96;
	write_be16(datagram->bytes + 2, seq);
	write_be32(datagram->bytes + 4, seq);
	write_be32(datagram->bytes + 8, ssrc);
	datagram->length = party_protect(call->publisher, datagram->bytes, RTP_HEADER_SIZE + 50);
}

void datagram_send(struct call *call, const struct datagram *datagram)
{
	party_send(call->scene, call->publisher, datagram->bytes, datagram->length);
}

bool passes(struct call *call, const struct datagram *datagram)
{
	uint64_t before = counted(call, MEDIA_FORWARDED);

	datagram_send(call, datagram);
	party_forget(call->subscriber);
	return counted(call, MEDIA_FORWARDED) == before + 1;
}

void video_add(struct call *call)
{
	stream_add(call->scene, "video", call->publisher, VIDEO_SSRC, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

void bye(struct call *call, uint32_t ssrc)
{
	uint8_t room[PARTY_MTU];
	struct rtcp_writer writer = {.start = room, .room = sizeof(room)};

	rtcp_put_rr(&writer, ssrc);
	rtcp_put_bye(&writer, ssrc);
	party_report(call->scene, call->publisher, &writer);
}

int rtx_write(uint8_t *packet, uint8_t first, uint16_t seq, uint32_t timestamp,
              const uint8_t *payload, int length)
{
	packet[0] = first;
	packet[1] = RTX_PT;
	write_be16(packet + 2, seq);
	write_be32(packet + 4, timestamp);
	write_be32(packet + 8, RTX_UP_SSRC);
	memcpy(packet + RTP_HEADER_SIZE, payload, (size_t)length);
	return RTP_HEADER_SIZE + length;
}
