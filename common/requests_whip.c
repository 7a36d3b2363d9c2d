/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"

#include <sluice/whip.h>

#define WHIP(member)    FIELD(sluice_whip_row, member)
#define OFFERS(metric_) .counter = true, .unit = "offers", .metric = metric_

static const struct column whip_columns[] = {
        {"sessions", "publishers among them", COLUMN_NUMBER, WHIP(sessions)},
        {"sessions_max", "of `webrtc limit`; 0: there is no limit", COLUMN_NUMBER,
         WHIP(sessions_max), .metric = "sluice_webrtc_sessions_limit",
         .metric_help = "sessions that `webrtc limit` allows; 0: there is no limit"},
        {"streams", "streams with a publisher or viewers", COLUMN_NUMBER, WHIP(streams),
         .metric = "sluice_webrtc_streams"},
        {"offers", "offers of WHIP and WHEP with a token that opens the stream", COLUMN_NUMBER,
         WHIP(offers), OFFERS("sluice_webrtc_offers_total")},
        {"answered", "offers that made a session", COLUMN_NUMBER, WHIP(answered),
         OFFERS("sluice_webrtc_answered_total")},
        {"elsewhere", "offers sent on to another node", COLUMN_NUMBER, WHIP(elsewhere),
         OFFERS("sluice_webrtc_elsewhere_total")},
        {"refused", "offers answered with a 4xx: wrong, or nobody publishes the stream",
         COLUMN_NUMBER, WHIP(refused), OFFERS("sluice_webrtc_refused_total")},
        {"unserved", "offers answered with 503: a limit, no room, or this node drains",
         COLUMN_NUMBER, WHIP(unserved), OFFERS("sluice_webrtc_unserved_total")},
        {"channels", "channels of viewers' events", COLUMN_NUMBER, WHIP(channels),
         .metric = "sluice_webrtc_channels"},
        {"channels_refused", "channels of viewers' events answered with 503: too many",
         COLUMN_NUMBER, WHIP(channels_refused), .counter = true, .unit = "channels",
         .metric = "sluice_webrtc_channels_refused_total"},
        {"channel_events", "events told to viewers over their channels", COLUMN_NUMBER,
         WHIP(channel_events), .counter = true, .unit = "events",
         .metric = "sluice_webrtc_channel_events_total"},
        {0},
};

static const struct reply whip_reply = {REPLY(sluice_whip_row, whip_columns), .row_size_before = 56,
                                        .single = true};

static const struct request requests[] = {
        REQUEST(SLUICE_WHIP_LIMIT_SET, {"webrtc", "limit"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_whip_limit)),
        REQUEST(SLUICE_WHIP_HOOK_SET, {"webrtc", "hook"}, REQUEST_SET, BY_CONTROL, .since = 9,
                BODY(sluice_whip_hook)),
        REQUEST(SLUICE_WHIP_SHOW, {"webrtc", "show"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &whip_reply),
};

const struct request_table requests_whip = REQUEST_TABLE(requests);
