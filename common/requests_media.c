/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/media.h>

#define ENDPOINT(member) FIELD(sluice_endpoint_row, member)

static const struct column endpoint_columns[] = {
        {"name", "of the endpoint", COLUMN_TEXT, ENDPOINT(name)},
        {"remote", "address; absent until it is learned", COLUMN_ADDRESS, ENDPOINT(remote)},
        {"local", "address of ours", COLUMN_ADDRESS, ENDPOINT(local)},
        {"profile", "of SRTP", COLUMN_CHOICE, ENDPOINT(profile), .choices = profile_words},
        {"learn", "1: the remote address moves with authentic packets", COLUMN_NUMBER,
         .only_json = true, ENDPOINT(learn)},
        {"worker", "that owns it", COLUMN_NUMBER, .only_json = true, ENDPOINT(worker)},
        {"streams", "that it publishes", COLUMN_NUMBER, ENDPOINT(streams)},
        {"subscriptions", "that are sent to it", COLUMN_NUMBER, ENDPOINT(subscriptions)},
        {"rx_packets", "RTP packets received, authentic", COLUMN_NUMBER, ENDPOINT(rx_packets)},
        {"rx_bytes", "of SRTP received", COLUMN_NUMBER, .only_json = true, ENDPOINT(rx_bytes)},
        {"tx_packets", "RTP packets sent", COLUMN_NUMBER, ENDPOINT(tx_packets)},
        {"tx_bytes", "of SRTP sent", COLUMN_NUMBER, .only_json = true, ENDPOINT(tx_bytes)},
        {"auth_failed", "packets with a wrong authentication tag", COLUMN_NUMBER,
         ENDPOINT(auth_failed)},
        {"replayed", "packets with an index that was received before", COLUMN_NUMBER,
         ENDPOINT(replayed)},
        {"malformed", "packets that are not RTP", COLUMN_NUMBER, .only_json = true,
         ENDPOINT(malformed)},
        {"unknown_ssrc", "packets with an SSRC of no stream", COLUMN_NUMBER,
         ENDPOINT(unknown_ssrc)},
        {"proven_kbps", "kbit/s that its path to us has proven to carry; 0: not known",
         COLUMN_NUMBER, ENDPOINT(proven_kbps)},
        {"lower_kbps", "kbit/s that it was told not to fall below; 0: nothing", COLUMN_NUMBER,
         ENDPOINT(lower_kbps)},
        {"estimate_clears", "how often that was contradicted, and taken back", COLUMN_NUMBER,
         ENDPOINT(estimate_clears)},
        {"estimate_reason", "by what, the last time", COLUMN_CHOICE, ENDPOINT(estimate_reason),
         .choices = estimate_words},
        {"state", "what came in the last seconds", COLUMN_CHOICE, ENDPOINT(state),
         .choices = endpoint_state_words},
        {"silent", "1: it no longer reports, and what it was sent is held", COLUMN_NUMBER,
         .only_json = true, ENDPOINT(silent)},
        {"needs_key", "1: subscriptions to it send nothing until it has another tx-key",
         COLUMN_NUMBER, ENDPOINT(needs_key)},
        {"origin", "a line of the configuration, or made by a call", COLUMN_CHOICE,
         ENDPOINT(origin), .choices = origin_words},
        {"moved", "times that the remote address changed", COLUMN_NUMBER, .only_json = true,
         ENDPOINT(moved)},
        {0},
};

static const struct reply endpoint_reply = {REPLY(sluice_endpoint_row, endpoint_columns),
                                            .none = "there is no endpoint"};

#define STREAM(member) FIELD(sluice_stream_row, member)

static const struct column stream_columns[] = {
        {"name", "of the stream", COLUMN_TEXT, STREAM(name)},
        {"endpoint", "that publishes it", COLUMN_TEXT, STREAM(endpoint)},
        {"ssrc", "0: no packet has arrived yet", COLUMN_NUMBER, STREAM(ssrc)},
        {"subscriptions", "to it", COLUMN_NUMBER, STREAM(subscriptions)},
        {"packets", "received", COLUMN_NUMBER, STREAM(packets)},
        {"bytes", "of payload received", COLUMN_NUMBER, STREAM(bytes)},
        {"lost", "packets lost on the way in", COLUMN_NUMBER, STREAM(lost)},
        {"repaired", "lost packets that a retransmission brought", COLUMN_NUMBER, STREAM(repaired)},
        {"jitter_us", "interarrival jitter (RFC 3550)", COLUMN_NUMBER, STREAM(jitter_us),
         .unit = "microseconds"},
        {"replayed", "packets with an index that was received before", COLUMN_NUMBER,
         .only_json = true, STREAM(replayed)},
        {"auth_failed", "packets with a wrong authentication tag", COLUMN_NUMBER, .only_json = true,
         STREAM(auth_failed)},
        {"key_frame_requests", "sent to the publisher", COLUMN_NUMBER, STREAM(key_frame_requests)},
        {"nacks_sent", "packets that the publisher was asked to retransmit", COLUMN_NUMBER,
         STREAM(nacks_sent)},
        {"ended", "1: the publisher has sent BYE, and nothing since", COLUMN_NUMBER, STREAM(ended)},
        {"state", "what came in the last seconds", COLUMN_CHOICE, STREAM(state),
         .choices = stream_state_words},
        {"roc", "rollover counter of its last packet", COLUMN_NUMBER, .only_json = true,
         STREAM(roc)},
        {"origin", "a line of the configuration, or made by a call", COLUMN_CHOICE, STREAM(origin),
         .choices = origin_words},
        {0},
};

static const struct reply stream_reply = {REPLY(sluice_stream_row, stream_columns),
                                          .none = "there is no stream"};

#define SUBSCRIPTION(member) FIELD(sluice_subscription_row, member)

static const struct column subscription_columns[] = {
        {"stream", "that was subscribed to", COLUMN_TEXT, SUBSCRIPTION(stream)},
        {"endpoint", "that it is sent to", COLUMN_TEXT, SUBSCRIPTION(endpoint)},
        {"source", "stream that is sent now; another one after a switch", COLUMN_TEXT,
         .only_json = true, SUBSCRIPTION(source)},
        {"ssrc", "that it is sent under", COLUMN_NUMBER, SUBSCRIPTION(ssrc)},
        {"pt", "payload type; absent: the publisher's", COLUMN_NUMBER, .only_json = true,
         SUBSCRIPTION(pt), .absent = SLUICE_MEDIA_PT_SAME},
        {"paused", "1: nothing is sent", COLUMN_NUMBER, SUBSCRIPTION(paused)},
        {"held", "1: nothing is sent, because the subscriber no longer reports", COLUMN_NUMBER,
         SUBSCRIPTION(held)},
        {"needs_key", "1: nothing is sent until its endpoint has another tx-key", COLUMN_NUMBER,
         SUBSCRIPTION(needs_key)},
        {"origin", "a line of the configuration, or made by a call", COLUMN_CHOICE,
         SUBSCRIPTION(origin), .choices = origin_words},
        {"worker", "that serves it", COLUMN_NUMBER, .only_json = true, SUBSCRIPTION(worker)},
        {"roc", "rollover counter of its last packet", COLUMN_NUMBER, .only_json = true,
         SUBSCRIPTION(roc)},
        {"rtx_ssrc", "that packets are retransmitted under; 0: its own", COLUMN_NUMBER,
         .only_json = true, SUBSCRIPTION(rtx_ssrc)},
        {"packets", "sent", COLUMN_NUMBER, SUBSCRIPTION(packets)},
        {"bytes", "of payload sent", COLUMN_NUMBER, SUBSCRIPTION(bytes)},
        {"retransmitted", "packets that the subscriber asked for again", COLUMN_NUMBER,
         SUBSCRIPTION(retransmitted)},
        {"retransmit_missed", "packets asked for that the cache no longer has", COLUMN_NUMBER,
         .only_json = true, SUBSCRIPTION(retransmit_missed)},
        {"retransmit_refused", "packets asked for too often", COLUMN_NUMBER, .only_json = true,
         SUBSCRIPTION(retransmit_refused)},
        {"key_frame_requests", "of the subscriber", COLUMN_NUMBER,
         SUBSCRIPTION(key_frame_requests)},
        {"lost", "packets, as the subscriber reports", COLUMN_NUMBER, SUBSCRIPTION(lost)},
        {"fraction_lost", "of 256, in its last report", COLUMN_NUMBER, .only_json = true,
         SUBSCRIPTION(fraction_lost)},
        {"jitter_us", "interarrival jitter, as it reports", COLUMN_NUMBER, .only_json = true,
         SUBSCRIPTION(jitter_us), .unit = "microseconds"},
        {"reported_ms", "since its last report, in milliseconds; absent: none yet", COLUMN_NUMBER,
         .only_json = true, SUBSCRIPTION(reported_ms), .absent = UINT32_MAX,
         .unit = "milliseconds"},
        {"rtt_us", "to the subscriber, in microseconds; 0: not known", COLUMN_NUMBER,
         .only_json = true, SUBSCRIPTION(rtt_us), .unit = "microseconds"},
        {0},
};

static const struct reply subscription_reply = {
        REPLY(sluice_subscription_row, subscription_columns), .none = "there is no subscription"};

#define ADDED(member) FIELD(sluice_subscription_added, member)

static const struct column added_columns[] = {
        {"ssrc", "that it is sent under", COLUMN_NUMBER, ADDED(ssrc)},
        {"rtx_ssrc", "that packets are retransmitted under; 0: its own", COLUMN_NUMBER,
         ADDED(rtx_ssrc)},
        {"roc", "rollover counter that it begins with", COLUMN_NUMBER, ADDED(roc)},
        {"needs_key", "1: nothing is sent until its endpoint has another tx-key", COLUMN_NUMBER,
         ADDED(needs_key)},
        {0},
};

static const struct reply added_reply = {REPLY(sluice_subscription_added, added_columns),
                                         .single = true};

#define MEDIA(member) FIELD(sluice_media_row, member)

static const struct column media_columns[] = {
        {"endpoints", "SRTP endpoints", COLUMN_NUMBER, MEDIA(endpoints),
         .metric = "sluice_endpoints"},
        {"endpoints_max", "endpoints that there is room for (--max-endpoints)", COLUMN_NUMBER,
         MEDIA(endpoints_max), .metric = "sluice_endpoints_max"},
        {"streams", "streams that endpoints publish", COLUMN_NUMBER, MEDIA(streams),
         .metric = "sluice_streams"},
        {"streams_max", "streams that there is room for (--max-streams)", COLUMN_NUMBER,
         MEDIA(streams_max), .metric = "sluice_streams_max"},
        {"subscriptions", "subscriptions to streams", COLUMN_NUMBER, MEDIA(subscriptions),
         .metric = "sluice_subscriptions"},
        {"subscriptions_max", "subscriptions that there is room for (--max-subscriptions)",
         COLUMN_NUMBER, MEDIA(subscriptions_max), .metric = "sluice_subscriptions_max"},
        {"sessions", "browsers' sessions", COLUMN_NUMBER, MEDIA(sessions),
         .metric = "sluice_sessions"},
        {"sessions_max", "sessions that there is room for (--max-sessions)", COLUMN_NUMBER,
         MEDIA(sessions_max), .metric = "sluice_sessions_max"},
        {0},
};

static const struct reply media_reply = {REPLY(sluice_media_row, media_columns), .single = true};

#define PAIR_TEXTS                                                                                 \
	{                                                                                          \
		TEXT(sluice_subscription_name, stream), TEXT(sluice_subscription_name, endpoint)   \
	}

static const struct request requests[] = {
        REQUEST(SLUICE_ENDPOINT_ADD, {"endpoint", "add"}, REQUEST_ADD, BY_DATAPLANE,
                BODY(sluice_endpoint), .texts = {TEXT(sluice_endpoint, name)}),
        REQUEST(SLUICE_ENDPOINT_DELETE, {"endpoint", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_ENDPOINT_ADD, BODY(sluice_endpoint_delete),
                .texts = {TEXT(sluice_endpoint_delete, name)}),
        REQUEST(SLUICE_ENDPOINT_SHOW, {"endpoint", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                BODY(sluice_endpoint_show), .texts = {TEXT(sluice_endpoint_show, name)},
                .reply = &endpoint_reply),
        REQUEST(SLUICE_STREAM_ADD, {"stream", "add"}, REQUEST_ADD, BY_DATAPLANE,
                BODY(sluice_stream),
                .texts = {TEXT(sluice_stream, name), TEXT(sluice_stream, endpoint)}),
        REQUEST(SLUICE_STREAM_DELETE, {"stream", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_STREAM_ADD, BODY(sluice_stream_delete),
                .texts = {TEXT(sluice_stream_delete, name)}),
        REQUEST(SLUICE_STREAM_SHOW, {"stream", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                BODY(sluice_stream_show),
                .texts = {TEXT(sluice_stream_show, name), TEXT(sluice_stream_show, endpoint)},
                .reply = &stream_reply),
        REQUEST(SLUICE_SUBSCRIPTION_ADD, {"subscription", "add"}, REQUEST_ADD, BY_DATAPLANE,
                BODY(sluice_subscription),
                .texts = {TEXT(sluice_subscription, stream), TEXT(sluice_subscription, endpoint)},
                .reply = &added_reply),
        REQUEST(SLUICE_SUBSCRIPTION_DELETE, {"subscription", "delete"}, REQUEST_DELETE,
                BY_DATAPLANE, .deletes = SLUICE_SUBSCRIPTION_ADD, BODY(sluice_subscription_name),
                .texts = PAIR_TEXTS),
        REQUEST(SLUICE_SUBSCRIPTION_SHOW, {"subscription", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                BODY(sluice_subscription_show),
                .texts = {TEXT(sluice_subscription_show, stream),
                          TEXT(sluice_subscription_show, endpoint)},
                .reply = &subscription_reply),
        REQUEST(SLUICE_SUBSCRIPTION_PAUSE, {"subscription", "pause"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_subscription_name), .texts = PAIR_TEXTS),
        REQUEST(SLUICE_SUBSCRIPTION_RESUME, {"subscription", "resume"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_subscription_name), .texts = PAIR_TEXTS),
        REQUEST(SLUICE_SUBSCRIPTION_SWITCH, {"subscription", "switch"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_subscription_switch),
                .texts = {TEXT(sluice_subscription_switch, stream),
                          TEXT(sluice_subscription_switch, endpoint),
                          TEXT(sluice_subscription_switch, to)}),
        REQUEST(SLUICE_MEDIA_SHOW, {"media", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &media_reply),
        REQUEST(SLUICE_ENDPOINT_SET, {"endpoint", "set"}, REQUEST_CHANGE, BY_DATAPLANE,
                .changes = SLUICE_ENDPOINT_ADD, BODY(sluice_endpoint_set),
                .texts = {TEXT(sluice_endpoint_set, to.name)}),
        REQUEST(SLUICE_STREAM_SET, {"stream", "set"}, REQUEST_CHANGE, BY_DATAPLANE,
                .changes = SLUICE_STREAM_ADD, BODY(sluice_stream_set),
                .texts = {TEXT(sluice_stream_set, to.name), TEXT(sluice_stream_set, to.endpoint)}),
        REQUEST(SLUICE_SUBSCRIPTION_SET, {"subscription", "set"}, REQUEST_CHANGE, BY_DATAPLANE,
                .changes = SLUICE_SUBSCRIPTION_ADD, BODY(sluice_subscription_set),
                .texts = {TEXT(sluice_subscription_set, to.stream),
                          TEXT(sluice_subscription_set, to.endpoint),
                          TEXT(sluice_subscription_set, source)},
                .reply = &added_reply),
};

const struct request_table requests_media = REQUEST_TABLE(requests);
