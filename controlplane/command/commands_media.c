/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/media.h>

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

static const struct command commands[] = {
        {
                .type = SLUICE_ENDPOINT_ADD,
                .help = "a remote transport with its keys",
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
                                 .help = "of ours; an endpoint that learns has it alone",
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
                                 .help = "that packets carry before or after their tag",
                                 .type = ARGUMENT_HEX,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint, mki),
                                 .second = offsetof(struct sluice_endpoint, mki_length)},
                                {.key = "rtcp",
                                 .meta = "ADDRESS:PORT",
                                 .help = "where its RTCP is, of a peer that does not multiplex "
                                         "(RFC 3605)",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint, rtcp)},
                                {.key = "feedback",
                                 .help = "that it has agreed to (RFC 4585); nack-pli unless given",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint, feedback),
                                 .choices = feedback_words,
                                 .sets = FIELD_IS(sluice_endpoint, feedback_given, 1)},
                        },
        },
        {
                .type = SLUICE_ENDPOINT_DELETE,
                .help = "ends it, its streams and its subscriptions",
                .arguments = {NAME_ARGUMENT("name", "of the endpoint", sluice_endpoint_delete,
                                            name)},
        },
        {
                .type = SLUICE_MEDIA_SHOW,
                .help = "how many endpoints, streams and subscriptions there are, and may be",
        },
        {
                .type = SLUICE_ENDPOINT_SHOW,
                .help = "the endpoints, and what came and went",
        },
        {
                .type = SLUICE_STREAM_ADD,
                .help = "what an endpoint publishes under one SSRC",
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
                                OPTION("rtx-ssrc", "N", "of its retransmissions (RFC 4588)",
                                       sluice_stream, rtx_ssrc, 1, UINT32_MAX),
                                OPTION("rtx-pt", "N", "payload type of retransmissions",
                                       sluice_stream, rtx_pt, 0, 127),
                                {.key = "rtx-apt",
                                 .help = "payload type of what is retransmitted; the stream's last "
                                         "one unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_stream, rtx_apt),
                                 .most = 127,
                                 .sets = FIELD_IS(sluice_stream, rtx_apt_given, 1)},
                                {.key = "codec",
                                 .help = "what it is: of video, switches wait for key frames",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_stream, codec),
                                 .choices = codec_words},
                        },
        },
        {
                .type = SLUICE_STREAM_DELETE,
                .help = "ends it and its subscriptions",
                .arguments = {NAME_ARGUMENT("name", "of the stream", sluice_stream_delete, name)},
        },
        {
                .type = SLUICE_STREAM_SHOW,
                .help = "the streams, and how they arrive",
        },
        {
                .type = SLUICE_SUBSCRIPTION_ADD,
                .help = "sends a stream to an endpoint",
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
                                {.key = "pts",
                                 .help = "payload types, publisher's and subscriber's; others are "
                                         "left out, without a gap",
                                 .type = ARGUMENT_PAIRS,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_subscription, pt_from),
                                 .second = offsetof(struct sluice_subscription, pt_to),
                                 .third = offsetof(struct sluice_subscription, n_pts),
                                 .most = 127},
                                OPTION("rtx-ssrc", "N", "of retransmissions (RFC 4588)",
                                       sluice_subscription, rtx_ssrc, 1, UINT32_MAX),
                                OPTION("rtx-pt", "N", "payload type of retransmissions",
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
                                 .least = 1,
                                 .most = 255},
                        },
        },
        {
                .type = SLUICE_SUBSCRIPTION_DELETE,
                .help = "sends it no longer",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_PAUSE,
                .help = "sends nothing for a while",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_RESUME,
                .help = "goes on, without a gap in its numbering; asks for a key frame",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name),
                              TO_ARGUMENT(sluice_subscription_name)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_SWITCH,
                .help = "goes on with another stream, under its SSRC and numbering",
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
                .type = SLUICE_SUBSCRIPTION_SHOW,
                .help = "who gets what, and how it arrives there",
        },
};

const struct command_group commands_media = {"SRTP forwarding", commands, COUNT(commands)};
