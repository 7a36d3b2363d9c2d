/* SPDX-License-Identifier: BSD-3-Clause */
/* What each worker counts: media_counter_infos[] (media/media.h) names them in this order. */
#ifndef MEDIA_COUNTER_H
#define MEDIA_COUNTER_H

enum media_counter {
	MEDIA_FORWARDED, /* packets written for subscribers */
	MEDIA_RETRANSMITTED,
	MEDIA_RTCP_RECEIVED,
	MEDIA_RTCP_SENT,
	MEDIA_RTCP_UNSENT,      /* compounds of our own that found no way out */
	MEDIA_RTCP_USED_UP,     /* the same: SRTCP's indices are exhausted */
	MEDIA_RTCP_MALFORMED,   /* compounds, or packets of one, that lie about lengths or counts */
	MEDIA_RTCP_RATE,        /* compounds beyond what an endpoint may send */
	MEDIA_RTCP_UNKNOWN,     /* reports and feedback about an SSRC that is not the endpoint's */
	MEDIA_NACK_REFUSED,     /* sequence numbers: storms, retransmitted too recently, never
	                           sent */
	MEDIA_NACK_MISSED,      /* sequence numbers that the cache lacked */
	MEDIA_NACK_SENT,        /* sequence numbers asked upstream */
	MEDIA_KEY_FRAME_ASKED,  /* PLI and FIR of subscribers */
	MEDIA_KEY_FRAME_SENT,   /* PLI upstream */
	MEDIA_SILENT,           /* endpoints whose subscriptions were held */
	MEDIA_FEEDBACK_DROPPED, /* the list of streams that have to ask upstream is full */
	MEDIA_ASK_MERGED,       /* key frames: one that is asked for already serves these, too */
	MEDIA_ASK_FULL,
	MEDIA_EXT_TRUNCATED, /* packets in whose header extension has an element that overruns it */
	MEDIA_NO_MBUF,
	MEDIA_TOO_BIG,
	MEDIA_NO_REMOTE, /* not sent: the endpoint has not shown where it is */
	MEDIA_UNPROVEN,  /* not sent: nor that it receives there */
	MEDIA_BOUND, /* SSRCs that packets have bound to streams by their mid, rid, payload type */
	MEDIA_TRANSPORT_SENT,   /* messages of transport-wide feedback */
	MEDIA_ESTIMATE_SENT,    /* RemoteEstimates */
	MEDIA_ESTIMATE_CLEARED, /* bounds that were contradicted, and taken back */
	MEDIA_REMB_SENT,
	MEDIA_VIEWER_TOLD,      /* messages of viewers: what came of all they were sent */
	MEDIA_VIEWER_UNMATCHED, /* numbers that came by their word, and were not sent or told
	                           before */
	MEDIA_LAYER_UP,         /* layers that viewers should have for what their path carries */
	MEDIA_LAYER_DOWN,
	MEDIA_TEMPORAL_CUT, /* packets of temporal layers that are left out */
	MEDIA_PROBES,
	MEDIA_PROBE_PACKETS,
	MEDIA_PACED, /* packets that waited for a viewer's path */
	MEDIA_COUNTERS,
};

#endif
