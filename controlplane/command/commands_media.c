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
#define STREAM_ARGUMENT(struct_name, member)                                                       \
	{                                                                                          \
		.key = "stream", .meta = "STREAM", .help = "its name", .type = ARGUMENT_NAME,      \
		.identifies = true, .hangs_on = SLUICE_STREAM_ADD, FIELD(struct_name, member),     \
	}
#define TO_ARGUMENT(struct_name, member)                                                           \
	{                                                                                          \
		.key = "to", .meta = "ENDPOINT", .help = "that it is sent to",                     \
		.type = ARGUMENT_NAME, .keyword = true, .identifies = true,                        \
		.hangs_on = SLUICE_ENDPOINT_ADD, FIELD(struct_name, member),                       \
	}
#define OPTION(word, unit, text, struct_name, member, least_value, most_value)                     \
	{                                                                                          \
		.key = word, .meta = unit, .help = text, .type = ARGUMENT_NUMBER, .keyword = true, \
		.optional = true, FIELD(struct_name, member), .least = least_value,                \
		.most = most_value,                                                                \
	}
/* Of what is changed: left out, it stays. */
#define KEY_OPTION(word, text, member)                                                             \
	{                                                                                          \
		.key = word, .help = text, .type = ARGUMENT_KEY, .keyword = true,                  \
		.optional = true, FIELD(sluice_endpoint_set, to.member),                           \
		.second = offsetof(struct sluice_endpoint_set, to.member##_length),                \
	}
#define FILTER_ARGUMENT(struct_name, member)                                                       \
	{                                                                                          \
		.key = #member, .meta = "NAME", .help = "of this one alone",                       \
		.type = ARGUMENT_NAME, .keyword = true, .optional = true,                          \
		FIELD(struct_name, member),                                                        \
	}
#define FILTER_NAME(struct_name)                                                                   \
	{                                                                                          \
		.key = "name", .meta = "NAME", .help = "this one alone", .type = ARGUMENT_NAME,    \
		.optional = true, FIELD(struct_name, name),                                        \
	}
#define KEY_ARGUMENT(word, text, member)                                                           \
	{                                                                                          \
		.key = word, .help = text, .type = ARGUMENT_KEY, .keyword = true,                  \
		FIELD(sluice_endpoint, member),                                                    \
		.second = offsetof(struct sluice_endpoint, member##_length),                       \
	}

/* What is given alike where an object is made and where it is changed; at: where the first one's
 * body stands in the second's. */
#define MKI_OPTION(body, at)                                                                       \
	{                                                                                          \
		.key = "mki", .help = "that packets carry before or after their tag",              \
		.type = ARGUMENT_HEX, .keyword = true, .optional = true, FIELD(body, at mki),      \
		.second = offsetof(struct body, at mki_length),                                    \
	}
#define REPEATS_OPTIONS(body, at)                                                                  \
	OPTION("rtx-ssrc", "N", "of retransmissions (RFC 4588)", body, at rtx_ssrc, 1,             \
	       UINT32_MAX),                                                                        \
	        OPTION("rtx-pt", "N", "payload type of retransmissions", body, at rtx_pt, 1, 127)
#define EXT_OPTION(body, at)                                                                       \
	{                                                                                          \
		.key = "ext",                                                                      \
		.help = "header extensions' ids, publisher's and subscriber's; "                   \
		        "others are left out",                                                     \
		.type = ARGUMENT_PAIRS, .keyword = true, .optional = true,                         \
		FIELD(body, at ext_from), .second = offsetof(struct body, at ext_to),              \
		.third = offsetof(struct body, at ext_count), .least = 1, .most = 255,             \
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
                                MKI_OPTION(sluice_endpoint, ),
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
                .type = SLUICE_ENDPOINT_SET,
                .help = "changes it in place: its streams and subscriptions go on",
                .some = true,
                .arguments =
                        {
                                NAME_ARGUMENT("name", "of the endpoint", sluice_endpoint_set,
                                              to.name),
                                {.key = "remote",
                                 .help = "where it is from now on",
                                 .type = ARGUMENT_REMOTE,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint_set, to.remote),
                                 .second = offsetof(struct sluice_endpoint_set, to.learn)},
                                {.key = "profile",
                                 .help = "of SRTP; another one needs both keys",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_endpoint_set, to.profile),
                                 .choices = profile_words,
                                 .sets = FIELD_IS(sluice_endpoint_set, profile_given, 1)},
                                KEY_OPTION("rx-key", "key and salt of what it sends", rx_key),
                                KEY_OPTION("tx-key",
                                           "key and salt of what it is sent; the rollover counter "
                                           "begins at 0",
                                           tx_key),
                                MKI_OPTION(sluice_endpoint_set, to.),
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
                .arguments = {FILTER_NAME(sluice_endpoint_show)},
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
                                OPTION("roc", "N", "rollover counter that it has at least",
                                       sluice_stream, roc, 0, UINT32_MAX),
                        },
        },
        {
                .type = SLUICE_STREAM_SET,
                .help = "changes it in place: its subscriptions go on",
                .some = true,
                .arguments =
                        {
                                NAME_ARGUMENT("name", "of the stream", sluice_stream_set, to.name),
                                OPTION("ssrc", "N", "that comes from now on", sluice_stream_set,
                                       to.ssrc, 1, UINT32_MAX),
                                OPTION("clock", "HZ", "of its timestamps", sluice_stream_set,
                                       to.clock_hz, 1, 1000000),
                                OPTION("rtx-ssrc", "N", "of its retransmissions (RFC 4588)",
                                       sluice_stream_set, to.rtx_ssrc, 1, UINT32_MAX),
                                OPTION("rtx-pt", "N", "payload type of retransmissions",
                                       sluice_stream_set, to.rtx_pt, 1, 127),
                                {.key = "rtx-apt",
                                 .help = "payload type of what is retransmitted",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_stream_set, to.rtx_apt),
                                 .most = 127,
                                 .sets = FIELD_IS(sluice_stream_set, to.rtx_apt_given, 1)},
                                OPTION("roc", "N", "rollover counter that it has at least",
                                       sluice_stream_set, to.roc, 1, UINT32_MAX),
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
                .arguments = {FILTER_NAME(sluice_stream_show),
                              FILTER_ARGUMENT(sluice_stream_show, endpoint)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_ADD,
                .help = "sends a stream to an endpoint",
                .arguments =
                        {
                                STREAM_ARGUMENT(sluice_subscription, stream),
                                TO_ARGUMENT(sluice_subscription, endpoint),
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
                                REPEATS_OPTIONS(sluice_subscription, ),
                                EXT_OPTION(sluice_subscription, ),
                        },
        },
        {
                .type = SLUICE_SUBSCRIPTION_SET,
                .help = "changes it in place; answers with its SSRC",
                .some = true,
                .arguments =
                        {
                                STREAM_ARGUMENT(sluice_subscription_set, to.stream),
                                TO_ARGUMENT(sluice_subscription_set, to.endpoint),
                                OPTION("ssrc", "N", "it is sent under, with numbers of its own",
                                       sluice_subscription_set, to.ssrc, 1, UINT32_MAX),
                                {.key = "pt",
                                 .help = "payload type",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_subscription_set, to.pt),
                                 .most = 127,
                                 .sets = FIELD_IS(sluice_subscription_set, to.pt_given, 1)},
                                REPEATS_OPTIONS(sluice_subscription_set, to.),
                                EXT_OPTION(sluice_subscription_set, to.),
                                {.key = "source",
                                 .meta = "STREAM",
                                 .help = "that it gets from now on",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_subscription_set, source)},
                        },
        },
        {
                .type = SLUICE_SUBSCRIPTION_DELETE,
                .help = "sends it no longer",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name, stream),
                              TO_ARGUMENT(sluice_subscription_name, endpoint)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_PAUSE,
                .help = "sends nothing for a while",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name, stream),
                              TO_ARGUMENT(sluice_subscription_name, endpoint)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_RESUME,
                .help = "goes on, without a gap in its numbering; asks for a key frame",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_name, stream),
                              TO_ARGUMENT(sluice_subscription_name, endpoint)},
        },
        {
                .type = SLUICE_SUBSCRIPTION_SWITCH,
                .help = "goes on with another stream, under its SSRC and numbering",
                .arguments = {STREAM_ARGUMENT(sluice_subscription_switch, stream),
                              TO_ARGUMENT(sluice_subscription_switch, endpoint),
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
                .arguments = {FILTER_ARGUMENT(sluice_subscription_show, stream),
                              FILTER_ARGUMENT(sluice_subscription_show, endpoint)},
        },
};

const struct command_group commands_media = {"SRTP forwarding", commands, COUNT(commands)};
