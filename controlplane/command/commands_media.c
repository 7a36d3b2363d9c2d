/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/media.h>

static const char *const profile_words[] = {
        [SLUICE_SRTP_GCM128] = "gcm128",
        [SLUICE_SRTP_GCM256] = "gcm256",
        [SLUICE_SRTP_CM80] = "cm80",
        [SLUICE_SRTP_CM32] = "cm32",
        NULL,
};

#define ROW(member) FIELD(sluice_endpoint_row, member)

static const struct column endpoint_columns[] = {
        {"name", "of the endpoint", COLUMN_TEXT, ROW(name)},
        {"remote", "address; absent until it is learned", COLUMN_ADDRESS, ROW(remote)},
        {"local", "address of ours", COLUMN_ADDRESS, ROW(local)},
        {"profile", "of SRTP", COLUMN_CHOICE, ROW(profile), .choices = profile_words},
        {"learn", "1: the remote address moves with authentic packets", COLUMN_NUMBER,
         .only_json = true, ROW(learn)},
        {"worker", "that owns it", COLUMN_NUMBER, .only_json = true, ROW(worker)},
        {"streams", "that it publishes", COLUMN_NUMBER, ROW(streams)},
        {"subscriptions", "that are sent to it", COLUMN_NUMBER, ROW(subscriptions)},
        {"rx_packets", "RTP, received and authentic", COLUMN_NUMBER, ROW(rx_packets)},
        {"rx_bytes", "of SRTP", COLUMN_NUMBER, .only_json = true, ROW(rx_bytes)},
        {"tx_packets", "RTP, sent", COLUMN_NUMBER, ROW(tx_packets)},
        {"tx_bytes", "of SRTP", COLUMN_NUMBER, .only_json = true, ROW(tx_bytes)},
        {"auth_failed", "packets with a wrong tag", COLUMN_NUMBER, ROW(auth_failed)},
        {"replayed", "packets that came before", COLUMN_NUMBER, ROW(replayed)},
        {"malformed", "packets that are no RTP", COLUMN_NUMBER, .only_json = true, ROW(malformed)},
        {"unknown_ssrc", "packets of no stream", COLUMN_NUMBER, ROW(unknown_ssrc)},
        {"moved", "times that the remote address changed", COLUMN_NUMBER, .only_json = true,
         ROW(moved)},
        {0},
};

#undef ROW
#define ROW(member) FIELD(sluice_stream_row, member)

static const struct column stream_columns[] = {
        {"name", "of the stream", COLUMN_TEXT, ROW(name)},
        {"endpoint", "that publishes it", COLUMN_TEXT, ROW(endpoint)},
        {"ssrc", "0: none has come yet", COLUMN_NUMBER, ROW(ssrc)},
        {"subscriptions", "of it", COLUMN_NUMBER, ROW(subscriptions)},
        {"packets", "received", COLUMN_NUMBER, ROW(packets)},
        {"bytes", "received, of payload", COLUMN_NUMBER, ROW(bytes)},
        {"lost", "packets that did not come", COLUMN_NUMBER, ROW(lost)},
        {"repaired", "of them, that came when asked for", COLUMN_NUMBER, ROW(repaired)},
        {"jitter_us", "RFC 3550, in microseconds", COLUMN_NUMBER, ROW(jitter_us)},
        {"replayed", "packets that came before", COLUMN_NUMBER, .only_json = true, ROW(replayed)},
        {"auth_failed", "packets with a wrong tag", COLUMN_NUMBER, .only_json = true,
         ROW(auth_failed)},
        {"key_frame_requests", "sent to the publisher", COLUMN_NUMBER, ROW(key_frame_requests)},
        {"nacks_sent", "packets that the publisher was asked for", COLUMN_NUMBER, ROW(nacks_sent)},
        {"ended", "1: the publisher has said BYE, and sent nothing since", COLUMN_NUMBER,
         ROW(ended)},
        {0},
};

#undef ROW
#define ROW(member) FIELD(sluice_subscription_row, member)

static const struct column subscription_columns[] = {
        {"stream", "that was subscribed to", COLUMN_TEXT, ROW(stream)},
        {"endpoint", "that it is sent to", COLUMN_TEXT, ROW(endpoint)},
        {"source", "stream that it gets; another one after a switch", COLUMN_TEXT,
         .only_json = true, ROW(source)},
        {"ssrc", "it is sent under", COLUMN_NUMBER, ROW(ssrc)},
        {"pt", "payload type; absent: the publisher's", COLUMN_NUMBER, .only_json = true, ROW(pt),
         .absent = SLUICE_MEDIA_PT_SAME},
        {"paused", "1: nothing is sent", COLUMN_NUMBER, ROW(paused)},
        {"held", "1: the same, for the subscriber has fallen silent", COLUMN_NUMBER, ROW(held)},
        {"worker", "that serves it", COLUMN_NUMBER, .only_json = true, ROW(worker)},
        {"packets", "sent", COLUMN_NUMBER, ROW(packets)},
        {"bytes", "sent, of payload", COLUMN_NUMBER, ROW(bytes)},
        {"retransmitted", "packets sent again", COLUMN_NUMBER, ROW(retransmitted)},
        {"retransmit_missed", "asked for, and no longer here", COLUMN_NUMBER, .only_json = true,
         ROW(retransmit_missed)},
        {"retransmit_refused", "asked for too often", COLUMN_NUMBER, .only_json = true,
         ROW(retransmit_refused)},
        {"key_frame_requests", "of the subscriber", COLUMN_NUMBER, ROW(key_frame_requests)},
        {"lost", "packets, as the subscriber reports", COLUMN_NUMBER, ROW(lost)},
        {"fraction_lost", "of 256, in its last report", COLUMN_NUMBER, .only_json = true,
         ROW(fraction_lost)},
        {"jitter_us", "as it reports, in microseconds", COLUMN_NUMBER, .only_json = true,
         ROW(jitter_us)},
        {"reported_ms", "since its last report, in milliseconds; absent: none yet", COLUMN_NUMBER,
         .only_json = true, ROW(reported_ms), .absent = UINT32_MAX},
        {"rtt_us", "to the subscriber, in microseconds; absent: not known", COLUMN_NUMBER,
         .only_json = true, ROW(rtt_us)},
        {0},
};

static const struct reply endpoint_reply = {sizeof(struct sluice_endpoint_row),
                                            .columns = endpoint_columns};
static const struct reply stream_reply = {sizeof(struct sluice_stream_row),
                                          .columns = stream_columns};
static const struct reply subscription_reply = {sizeof(struct sluice_subscription_row),
                                                .columns = subscription_columns};

#define NAME_ARGUMENT(word, text, struct_name, member)                                             \
	{                                                                                          \
		.key = word, .meta = "NAME", .help = text, .type = ARGUMENT_NAME,                  \
		.identifies = true, FIELD(struct_name, member),                                    \
	}
#define STREAM_ARGUMENT(struct_name)                                                               \
	{                                                                                          \
		.key = "stream", .meta = "STREAM", .help = "its name", .type = ARGUMENT_NAME,      \
		.identifies = true, .hangs_on = SLUICE_STREAM_ADD, FIELD(struct_name, stream),     \
	}
#define TO_ARGUMENT(struct_name)                                                                   \
	{                                                                                          \
		.key = "to", .meta = "ENDPOINT", .help = "that it is sent to",                     \
		.type = ARGUMENT_NAME, .keyword = true, .identifies = true,                        \
		.hangs_on = SLUICE_ENDPOINT_ADD, FIELD(struct_name, endpoint),                     \
	}
#define OPTION(word, unit, text, struct_name, member, least_value, most_value)                     \
	{                                                                                          \
		.key = word, .meta = unit, .help = text, .type = ARGUMENT_NUMBER, .keyword = true, \
		.optional = true, FIELD(struct_name, member), .least = least_value,                \
		.most = most_value,                                                                \
	}
#define KEY_ARGUMENT(word, text, member)                                                           \
	{                                                                                          \
		.key = word, .help = text, .type = ARGUMENT_KEY, .keyword = true,                  \
		FIELD(sluice_endpoint, member),                                                    \
		.second = offsetof(struct sluice_endpoint, member##_length),                       \
	}

#define MEDIA(member) FIELD(sluice_media_row, member)

static const struct column media_columns[] = {
        {"endpoints", "that there are", COLUMN_NUMBER, MEDIA(endpoints)},
        {"endpoints_max", "--max-endpoints of the dataplane", COLUMN_NUMBER, MEDIA(endpoints_max)},
        {"streams", "that there are", COLUMN_NUMBER, MEDIA(streams)},
        {"streams_max", "--max-streams", COLUMN_NUMBER, MEDIA(streams_max)},
        {"subscriptions", "that there are", COLUMN_NUMBER, MEDIA(subscriptions)},
        {"subscriptions_max", "--max-subscriptions", COLUMN_NUMBER, MEDIA(subscriptions_max)},
        {0},
};

static const struct reply media_reply = {sizeof(struct sluice_media_row), .single = true,
                                         .columns = media_columns};

static const struct command commands[] = {
        {
                .path = {"endpoint", "add"},
                .help = "a remote transport with its keys",
                .kind = COMMAND_ADD,
                .type = SLUICE_ENDPOINT_ADD,
                .body_size = sizeof(struct sluice_endpoint),
                .arguments =
                        {
                                NAME_ARGUMENT("name", "of the endpoint", sluice_endpoint, name),
                                {.key = "remote",
                                 .help = "where it is; learned from authentic packets",
                                 .type = ARGUMENT_REMOTE,
                                 .keyword = true,
                                 FIELD(sluice_endpoint, remote),
                                 .second = offsetof(struct sluice_endpoint, learn)},
                                {.key = "local",
                                 .meta = "ADDRESS:PORT",
                                 .help = "of ours; who learns has it alone",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 FIELD(sluice_endpoint, local)},
                                {.key = "profile",
                                 .help = "of SRTP (RFC 3711, 6188, 7714)",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 FIELD(sluice_endpoint, profile),
                                 .choices = profile_words},
                                KEY_ARGUMENT("rx-key", "key and salt of what it sends, as in SDES",
                                             rx_key),
                                KEY_ARGUMENT("tx-key", "key and salt of what it is sent", tx_key),
                                {.key = "mki",
                                 .help = "that packets carry in front of or behind their tag",
                                 .type = ARGUMENT_HEX,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint, mki),
                                 .second = offsetof(struct sluice_endpoint, mki_length)},
                        },
        },
        {
                .path = {"endpoint", "delete"},
                .help = "ends it, its streams and its subscriptions",
                .kind = COMMAND_DELETE,
                .type = SLUICE_ENDPOINT_DELETE,
                .deletes = SLUICE_ENDPOINT_ADD,
                .body_size = sizeof(struct sluice_endpoint_delete),
                .arguments = {NAME_ARGUMENT("name", "of the endpoint", sluice_endpoint_delete,
                                            name)},
        },
        {
                .path = {"media", "show"},
                .help = "how many endpoints, streams and subscriptions there are, and may be",
                .kind = COMMAND_SHOW,
                .type = SLUICE_MEDIA_SHOW,
                .reply = &media_reply,
        },
        {
                .path = {"endpoint", "show"},
                .help = "the endpoints, and what came and went",
                .kind = COMMAND_SHOW,
                .type = SLUICE_ENDPOINT_SHOW,
                .reply = &endpoint_reply,
        },
        {
                .path = {"stream", "add"},
                .help = "what an endpoint publishes under one SSRC",
                .kind = COMMAND_ADD,
                .type = SLUICE_STREAM_ADD,
                .body_size = sizeof(struct sluice_stream),
                .arguments =
                        {
                                NAME_ARGUMENT("name", "of the stream", sluice_stream, name),
                                {.key = "endpoint",
                                 .meta = "NAME",
                                 .help = "that publishes it",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .hangs_on = SLUICE_ENDPOINT_ADD,
                                 FIELD(sluice_stream, endpoint)},
                                OPTION("ssrc", "N", "the first unknown one unless given",
                                       sluice_stream, ssrc, 1, UINT32_MAX),
                                OPTION("clock", "HZ", "of its timestamps; 90000 unless given",
                                       sluice_stream, clock_hz, 1, 1000000),
                                OPTION("rtx-ssrc", "N", "under which it repeats (RFC 4588)",
                                       sluice_stream, rtx_ssrc, 1, UINT32_MAX),
                                OPTION("rtx-pt", "N", "payload type of repeats", sluice_stream,
                                       rtx_pt, 0, 127),
                                {.key = "rtx-apt",
                                 .help = "payload type of what they repeat; the stream's last "
                                         "one unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_stream, rtx_apt),
                                 .most = 127,
                                 .sets = FIELD_IS(sluice_stream, rtx_apt_given, 1)},
                        },
        },
        {
                .path = {"stream", "delete"},
                .help = "ends it and its subscriptions",
                .kind = COMMAND_DELETE,
                .type = SLUICE_STREAM_DELETE,
                .deletes = SLUICE_STREAM_ADD,
                .body_size = sizeof(struct sluice_stream_delete),
                .arguments = {NAME_ARGUMENT("name", "of the stream", sluice_stream_delete, name)},
        },
        {
                .path = {"stream", "show"},
                .help = "the streams, and how they arrive",
                .kind = COMMAND_SHOW,
                .type = SLUICE_STREAM_SHOW,
                .reply = &stream_reply,
        },
        {
                .path = {"subscription", "add"},
                .help = "sends a stream to an endpoint",
                .kind = COMMAND_ADD,
                .type = SLUICE_SUBSCRIPTION_ADD,
                .body_size = sizeof(struct sluice_subscription),
                .arguments =
                        {
                                STREAM_ARGUMENT(sluice_subscription),
                                TO_ARGUMENT(sluice_subscription),
                                OPTION("ssrc", "N", "it is sent under; random unless given",
                                       sluice_subscription, ssrc, 1, UINT32_MAX),
                                {.key = "pt",
                                 .help = "payload type; the publisher's unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_subscription, pt),
                                 .most = 127,
                                 .sets = FIELD_IS(sluice_subscription, pt_given, 1)},
                                OPTION("rtx-ssrc", "N",
                                       "under which packets are repeated (RFC 4588)",
                                       sluice_subscription, rtx_ssrc, 1, UINT32_MAX),
                                OPTION("rtx-pt", "N", "payload type of repeats",
                                       sluice_subscription, rtx_pt, 1, 127),
                                {.key = "ext",
                                 .help = "header extensions' ids, publisher's and subscriber's; "
                                         "others are left out",
                                 .type = ARGUMENT_PAIRS,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_subscription, ext_from),
                                 .second = offsetof(struct sluice_subscription, ext_to),
                                 .third = offsetof(struct sluice_subscription, ext_count),
                                 .most = 255},
                        },
        },
        {
                .path = {"subscription", "delete"},
                .help = "sends it no longer",
                .kind = COMMAND_DELETE,
                .type = SLUICE_SUBSCRIPTION_DELETE,
                .deletes = SLUICE_SUBSCRIPTION_ADD,
                .body_size = sizeof(struct sluice_subscription_name),
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .path = {"subscription", "pause"},
                .help = "sends nothing for a while",
                .kind = COMMAND_ACT,
                .type = SLUICE_SUBSCRIPTION_PAUSE,
                .body_size = sizeof(struct sluice_subscription_name),
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .path = {"subscription", "resume"},
                .help = "goes on, without a gap in its numbering; asks for a key frame",
                .kind = COMMAND_ACT,
                .type = SLUICE_SUBSCRIPTION_RESUME,
                .body_size = sizeof(struct sluice_subscription_name),
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .path = {"subscription", "switch"},
                .help = "goes on with another stream, under its SSRC and numbering",
                .kind = COMMAND_ACT,
                .type = SLUICE_SUBSCRIPTION_SWITCH,
                .body_size = sizeof(struct sluice_subscription_switch),
                .arguments = {STREAM_ARGUMENT(sluice_subscription_switch),
                              TO_ARGUMENT(sluice_subscription_switch),
                              {.key = "source",
                               .meta = "STREAM",
                               .help = "that it gets from now on",
                               .type = ARGUMENT_NAME,
                               .keyword = true,
                               FIELD(sluice_subscription_switch, to)}},
        },
        {
                .path = {"subscription", "show"},
                .help = "who gets what, and how it arrives there",
                .kind = COMMAND_SHOW,
                .type = SLUICE_SUBSCRIPTION_SHOW,
                .reply = &subscription_reply,
        },
};

const struct command_group commands_media = {"SRTP forwarding", commands, COUNT(commands)};
