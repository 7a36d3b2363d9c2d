/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/session.h>
#include <sluice/whip.h>

#define WEBRTC_PORT 3478 /* TURN's: both may share it */

#define LISTEN_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "address", .help = "that sessions share; port 3478 unless given",           \
		.type = ARGUMENT_ENDPOINT, .identifies = true, .fallback = WEBRTC_PORT,            \
		FIELD(sluice_webrtc_listen, local),                                                \
	}
#define TRANSPORT_ARGUMENT                                                                         \
	{                                                                                          \
		.key = "transport", .help = "by which browsers come; udp unless given",            \
		.type = ARGUMENT_CHOICE, .optional = true, .identifies = true,                     \
		.choices = session_transport_words, FIELD(sluice_webrtc_listen, transport),        \
	}
#define ID_ARGUMENT(struct_name)                                                                   \
	{                                                                                          \
		.key = "id", .meta = "ID", .help = "as `session show` has it",                     \
		.type = ARGUMENT_WORD, FIELD(struct_name, id),                                     \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_WEBRTC_LISTEN_ADD,
                .help = "serve browsers at an address, which may be a TURN listener's",
                .arguments = {LISTEN_ARGUMENT,
                              TRANSPORT_ARGUMENT,
                              {.key = "announce",
                               .help = "what candidates say instead: a NAT's outside",
                               .type = ARGUMENT_ADDRESS,
                               .keyword = true,
                               .optional = true,
                               FIELD(sluice_webrtc_listen, announce)}},
        },
        {
                .type = SLUICE_WEBRTC_LISTEN_DELETE,
                .help = "no longer serve there; sessions whose path leads there end",
                .arguments = {LISTEN_ARGUMENT, TRANSPORT_ARGUMENT},
        },
        {
                .type = SLUICE_WEBRTC_LISTEN_SHOW,
                .help = "where browsers are served",
        },
        {
                .type = SLUICE_WHIP_LIMIT_SET,
                .help = "how many browsers may be served; without it as many as there is room for",
                .some = true,
                .arguments = {{.key = "sessions",
                               .help = "of all streams, publishers among them",
                               .type = ARGUMENT_NUMBER,
                               .keyword = true,
                               .optional = true,
                               .least = 1,
                               .most = 10000000,
                               FIELD(sluice_whip_limit, sessions)},
                              {.key = "viewers",
                               .help = "of one stream",
                               .type = ARGUMENT_NUMBER,
                               .keyword = true,
                               .optional = true,
                               .least = 1,
                               .most = 10000000,
                               FIELD(sluice_whip_limit, viewers)}},
        },
        {
                .type = SLUICE_WHIP_HOOK_SET,
                .help = "asked whether a client may publish or watch; without it a token is enough",
                .arguments = {{.key = "url",
                               .meta = "URL",
                               .help = "http:// or https://; answers 2xx, or 4xx to refuse",
                               .type = ARGUMENT_WORD,
                               FIELD(sluice_whip_hook, url)},
                              {.key = "timeout",
                               .meta = "SECONDS",
                               .help = "until an offer is answered with 503; 2 unless given",
                               .type = ARGUMENT_DURATION,
                               .keyword = true,
                               .optional = true,
                               .least = 1,
                               .most = 30,
                               FIELD(sluice_whip_hook, timeout_s)}},
        },
        {
                .type = SLUICE_WHIP_SHOW,
                .help = "sessions, and how the offers of browsers were answered",
        },
        {
                .type = SLUICE_SESSION_SHOW,
                .help = "browsers' connections",
        },
        {
                .type = SLUICE_SESSION_DELETE,
                .help = "ends it: close_notify, then silence",
                .arguments = {ID_ARGUMENT(sluice_session_name)},
        },
        {
                .type = SLUICE_SESSION_LAYER,
                .help = "chooses the layer of a track that is watched",
                .arguments = {ID_ARGUMENT(sluice_session_layer),
                              {.key = "mid",
                               .meta = "MID",
                               .help = "of the track",
                               .type = ARGUMENT_WORD,
                               FIELD(sluice_session_layer, mid)},
                              {.key = "layer",
                               .meta = "auto|RID",
                               .help = "by its RID, or the best there is",
                               .type = ARGUMENT_WORD,
                               FIELD(sluice_session_layer, rid)}},
        },
        {
                .type = SLUICE_SESSION_ESTIMATE,
                .help = "whether something is made of what its path carries",
                .arguments = {ID_ARGUMENT(sluice_session_estimate),
                              {.key = "on",
                               .meta = "on|off",
                               .help = "off: no bound for a publisher, no choice of layers",
                               .type = ARGUMENT_CHOICE,
                               FIELD(sluice_session_estimate, on),
                               .choices = switch_words}},
        },
};

const struct command_group commands_session = {"Browsers", commands, COUNT(commands)};
