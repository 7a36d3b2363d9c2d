/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_send.h"

#include "dataplane.h"
#include "media/consent.h"
#include "media/datagram.h"
#include "media/record.h"
#include "random.h"
#include "srtp/profile.h"

#include <rte_hash_crc.h>

#define RTCP_INDEX_MAX 0x7fffffff
#define PUBLISHER_SELF 0

static uint32_t own_ssrc(struct media_worker *media_worker, struct endpoint *endpoint)
{
	while (endpoint->rtcp_ssrc == 0)
		random_bytes(media_worker->worker->random, &endpoint->rtcp_ssrc,
		             sizeof(endpoint->rtcp_ssrc));
	return endpoint->rtcp_ssrc;
}

struct rte_mbuf *rtcp_begin(struct media_worker *media_worker, struct endpoint *endpoint,
                            struct rtcp_writer *writer)
{
	struct rte_mbuf *mbuf;

	if (endpoint->remote.port == 0)
		return NULL;
	/* under one key no index may come twice (RFC 3711, 9.2) */
	if (endpoint->rtcp_index >= RTCP_INDEX_MAX) {
		media_worker->counters[MEDIA_RTCP_USED_UP]++;
		return NULL;
	}
	mbuf = rte_pktmbuf_alloc(media_worker->worker->dp->pool);
	if (mbuf == NULL) {
		media_worker->counters[MEDIA_NO_MBUF]++;
		return NULL;
	}
	*writer = (struct rtcp_writer){
	        .start = rte_pktmbuf_mtod(mbuf, uint8_t *),
	        .room = (uint16_t)RTE_MIN(RTCP_COMPOUND_MAX, rte_pktmbuf_tailroom(mbuf) -
	                                                             SRTP_TAIL_MAX -
	                                                             SLUICE_MEDIA_MKI_MAX),
	};
	rtcp_put_rr(writer, own_ssrc(media_worker, endpoint));
	return mbuf;
}

/* The MKI stands before an HMAC's tag (RFC 3711, 3.4), and behind all that AEAD writes (RFC 7714,
 * 9.2). */
static int mki_insert(const struct endpoint *endpoint, uint8_t *packet, int length)
{
	const struct srtp_profile_info *profile = &srtp_profiles[endpoint->profile];
	uint8_t *at = packet + length - (profile->aead ? 0 : profile->rtcp_tag_length);

	memmove(at + endpoint->mki_length, at, (size_t)(packet + length - at));
	memcpy(at, endpoint->mki, endpoint->mki_length);
	return length + endpoint->mki_length;
}

static bool compound_protect(struct media_worker *media_worker, struct endpoint *endpoint,
                             struct rte_mbuf *mbuf, uint16_t plain)
{
	uint8_t *packet = rte_pktmbuf_mtod(mbuf, uint8_t *);
	int length;

	if (plain == 0)
		return false;
	record_reserve_rtcp(media_worker->media, endpoint, endpoint->rtcp_index + 1);
	length = media_worker->media->engine->protect_rtcp(media_worker->srtp, endpoint->tx, packet,
	                                                   plain, ++endpoint->rtcp_index);
	if (length < 0)
		return false;
	if (endpoint->mki_length != 0)
		length = mki_insert(endpoint, packet, length);
	mbuf->data_len = (uint16_t)length;
	mbuf->pkt_len = (uint32_t)length;
	return true;
}

bool rtcp_send(struct media_worker *media_worker, struct endpoint *endpoint, struct rte_mbuf *mbuf,
               const struct rtcp_writer *writer)
{
	if (!compound_protect(media_worker, endpoint, mbuf, rtcp_end(writer)) ||
	    !consent_spend(endpoint, mbuf->data_len))
		goto fail;
	datagram_address(mbuf, endpoint,
	                 endpoint->rtcp.port != 0 ? &endpoint->rtcp : &endpoint->remote);
	if (worker_inbox_put(media_worker->worker, &mbuf, 1) != 1)
		goto fail;
	media_worker->counters[MEDIA_RTCP_SENT]++;
	return true;
fail:
	media_worker->counters[MEDIA_RTCP_UNSENT]++;
	rte_pktmbuf_free(mbuf);
	return false;
}

/* The same as long as we run, another one after that; it tells nothing (RFC 7022, 4.2). */
static void cname_write(const struct media *media, uint32_t publisher, char name[CNAME_LENGTH])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = siphash_bytes(&media->cname_key, &publisher, sizeof(publisher));

	for (int i = 0; i < CNAME_LENGTH; i++)
		name[i] = digits[value >> (4 * i) & 0xf];
}

void rtcp_put_publisher(struct rtcp_writer *writer, const struct media *media, uint32_t ssrc,
                        uint32_t publisher)
{
	char name[CNAME_LENGTH];

	cname_write(media, publisher, name);
	rtcp_put_cname(writer, ssrc, name, CNAME_LENGTH);
}

void rtcp_put_self(struct rtcp_writer *writer, const struct media *media,
                   const struct endpoint *endpoint)
{
	rtcp_put_publisher(writer, media, endpoint->rtcp_ssrc, PUBLISHER_SELF);
}
