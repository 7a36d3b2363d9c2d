/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/capture.h>

#define CAPTURE(member) FIELD(sluice_capture_row, member)

static const struct column capture_columns[] = {
        {"id", "of the capture", COLUMN_NUMBER, CAPTURE(id), .metric = "sluice_captures",
         .metric_help = "captures that run or are not yet taken away", .form = METRIC_ROWS},
        {"state", "that it runs, or why it has ended", COLUMN_CHOICE, CAPTURE(state),
         .choices = capture_state_words},
        {"pid", "process that asked for it", COLUMN_NUMBER, CAPTURE(pid)},
        {"uid", "user that asked for it", COLUMN_NUMBER, CAPTURE(uid)},
        {"points", "bit set: 1 received, 2 sent, 4 dropped, 8 decrypted", COLUMN_NUMBER,
         CAPTURE(points)},
        {"files", "begun", COLUMN_NUMBER, CAPTURE(files)},
        {"packets", "packets written", COLUMN_NUMBER, CAPTURE(packets),
         .metric = "sluice_captures_packets",
         .metric_help = "packets that these captures have written", .form = METRIC_SUM},
        {"bytes", "bytes written", COLUMN_NUMBER, CAPTURE(bytes)},
        {"lost", "packets that matched and were not written: the buffers had no room",
         COLUMN_NUMBER, CAPTURE(lost), .metric = "sluice_captures_lost_packets",
         .metric_help = "packets that matched one of these captures and were not written",
         .form = METRIC_SUM},
        {0},
};

static const struct reply capture_reply = {REPLY(sluice_capture_row, capture_columns),
                                           .none = "nothing is captured"};

#define STEP(member) FIELD(sluice_trace_row, member)

static const struct column trace_columns[] = {
        {"packet", "counted from 1", COLUMN_NUMBER, STEP(packet)},
        {"worker", "that had it", COLUMN_NUMBER, .only_json = true, STEP(worker)},
        {"node", "of the graph", COLUMN_TEXT, STEP(node)},
        {"saw", "what the packet was then", COLUMN_TEXT, STEP(saw)},
        {"decided", "the next node and what was made of the packet, or its end", COLUMN_TEXT,
         STEP(decided)},
        {0},
};

static const struct reply trace_reply = {REPLY(sluice_trace_row, trace_columns),
                                         .none = "no such packet came in time"};

#define CAPTURE_TEXTS                                                                              \
	{                                                                                          \
		TEXT(sluice_capture, filter.port), TEXT(sluice_capture, filter.reason),            \
		        TEXT(sluice_capture, filter.user), TEXT(sluice_capture, filter.endpoint),  \
		        TEXT(sluice_capture, filter.stream), TEXT(sluice_capture, note)            \
	}
#define TRACE_TEXTS                                                                                \
	{                                                                                          \
		TEXT(sluice_trace, port), TEXT(sluice_trace, reason), TEXT(sluice_trace, user),    \
		        TEXT(sluice_trace, endpoint), TEXT(sluice_trace, stream)                   \
	}

static const struct request requests[] = {
        /* A capture writes to a descriptor, which only the dataplane's own socket can take. */
        REQUEST(SLUICE_CAPTURE_START, {"capture", "start"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_capture), .texts = CAPTURE_TEXTS, .reply = &capture_reply),
        REQUEST(SLUICE_CAPTURE_SHOW, {"capture", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &capture_reply),
        REQUEST(SLUICE_CAPTURE_STOP, {"capture", "stop"}, REQUEST_ACT, BY_DIRECT),
        REQUEST(SLUICE_CAPTURE_FILE, {"capture", "file"}, REQUEST_ACT, BY_DIRECT),
        /* Workers spend time on it, and it shows what packets say. */
        REQUEST(SLUICE_TRACE, {"trace"}, REQUEST_SHOW, BY_DATAPLANE, ACCESS_ADMIN,
                BODY(sluice_trace), .texts = TRACE_TEXTS, .reply = &trace_reply),
};

const struct request_table requests_capture = REQUEST_TABLE(requests);
