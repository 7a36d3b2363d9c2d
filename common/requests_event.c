/* SPDX-License-Identifier: BSD-3-Clause */
/* Events and logs. */
#include "common/log.h"
#include "common/request.h"

#include <sluice/event.h>
#include <sluice/log.h>

#define EVENT(member) FIELD(sluice_event_row, member)

static const struct column event_columns[] = {
        {"time", "UTC", COLUMN_TEXT, EVENT(time)},
        {"area", "port, gate, region, node, dataplane, session, endpoint, stream or allocation",
         COLUMN_TEXT, EVENT(area)},
        {"subject", "its name", COLUMN_TEXT, EVENT(subject)},
        {"state", "that it has now", COLUMN_TEXT, EVENT(state)},
        {"user", "of an allocation", COLUMN_TEXT, EVENT(user)},
        {"client", "of an allocation", COLUMN_ADDRESS, EVENT(client)},
        {"relayed", "address of an allocation that ended", COLUMN_ADDRESS, .only_json = true,
         EVENT(account.relayed[0])},
        {"relayed2", "its address of the second family", COLUMN_ADDRESS, .only_json = true,
         EVENT(account.relayed[1])},
        {"reason", "why it ended: closed, expired, deleted or disconnected", COLUMN_TEXT,
         EVENT(reason)},
        {"seconds", "that it lived", COLUMN_NUMBER, .only_json = true, EVENT(account.seconds),
         .absent = UINT32_MAX},
        {"to_peer_packets", "that it relayed to peers", COLUMN_NUMBER, .only_json = true,
         EVENT(account.to_peer_packets), .absent = UINT64_MAX},
        {"to_peer_bytes", "of UDP payload", COLUMN_NUMBER, .only_json = true,
         EVENT(account.to_peer_bytes), .absent = UINT64_MAX},
        {"to_client_packets", "that it relayed to the client", COLUMN_NUMBER, .only_json = true,
         EVENT(account.to_client_packets), .absent = UINT64_MAX},
        {"to_client_bytes", "of UDP payload", COLUMN_NUMBER, .only_json = true,
         EVENT(account.to_client_bytes), .absent = UINT64_MAX},
        {"lost", "events before this one that were not read in time", COLUMN_NUMBER,
         .only_json = true, EVENT(lost)},
        {0},
};

static const struct reply event_reply = {REPLY(sluice_event_row, event_columns), .endless = true};

#define LOG(member) FIELD(sluice_log_row, member)

static const struct column log_columns[] = {
        {"area", "whose lines begin with this", COLUMN_CHOICE, LOG(area),
         .choices = log_area_names},
        {"level", "lines below it are left out", COLUMN_CHOICE, LOG(level),
         .choices = log_level_names},
        {"own", "1: set for this area", COLUMN_NUMBER, LOG(own)},
        {"about", "what is logged there", COLUMN_TEXT, LOG(about)},
        {0},
};

static const struct reply log_reply = {REPLY(sluice_log_row, log_columns)};

static const struct request requests[] = {
        /* That a client of HTTP has gone is only seen when something is sent to it. */
        REQUEST(SLUICE_EVENTS, {"events"}, REQUEST_SHOW, BY_CONTROL, ACCESS_HOST,
                BODY(sluice_events), .reply = &event_reply),
        REQUEST(SLUICE_LOG_LEVEL_SET, {"log", "level"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_log_level_set)),
        REQUEST(SLUICE_LOG_SHOW, {"log", "show"}, REQUEST_SHOW, BY_CONTROL, .reply = &log_reply),
        /* From the control plane, which holds the levels. */
        REQUEST(SLUICE_LOG_TABLE_SET, {"log", "table"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_log_table)),
};

const struct request_table requests_event = REQUEST_TABLE(requests);
