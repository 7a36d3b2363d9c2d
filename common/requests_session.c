/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/session.h>

#define LISTEN(member) FIELD(sluice_webrtc_listen_row, member)

static const struct column listen_columns[] = {
        {"address", "that browsers' sessions share", COLUMN_ADDRESS, LISTEN(local)},
        {"transport", "by which browsers come", COLUMN_CHOICE, LISTEN(transport),
         .choices = session_transport_words},
        {"announce", "address in candidates, where that is another one", COLUMN_ADDRESS,
         LISTEN(announce)},
        {"state", "present, or absent: no interface of a port has the address", COLUMN_CHOICE,
         LISTEN(state), .choices = address_state_words},
        {"connections", "of clients by TCP, now", COLUMN_NUMBER, LISTEN(connections)},
        {0},
};

static const struct reply listen_reply = {REPLY(sluice_webrtc_listen_row, listen_columns),
                                          .row_size_before = 44, .none = "nothing is listened on"};

#define SESSION(member) FIELD(sluice_session_row, member)

static const struct column session_columns[] = {
        {"id", "of the session", COLUMN_TEXT, SESSION(id)},
        {"role", "of the browser", COLUMN_CHOICE, SESSION(role), .choices = session_role_words},
        {"stream", "that is published or watched", COLUMN_TEXT, SESSION(stream)},
        {"state", "of its connection", COLUMN_CHOICE, SESSION(state),
         .choices = session_state_words},
        {"remote", "address of the selected path; absent: none yet", COLUMN_ADDRESS,
         SESSION(remote)},
        {"local", "address of ours, of the same path", COLUMN_ADDRESS, .only_json = true,
         SESSION(local)},
        {"transport", "of the same path", COLUMN_CHOICE, .only_json = true, SESSION(transport),
         .choices = session_transport_words},
        {"profile", "of SRTP, once connected", COLUMN_CHOICE, SESSION(profile),
         .choices = profile_words},
        {"worker", "that owns it", COLUMN_NUMBER, .only_json = true, SESSION(worker)},
        {"tracks", "m-lines", COLUMN_NUMBER, SESSION(tracks)},
        {"paths", "that passed a connectivity check", COLUMN_NUMBER, .only_json = true,
         SESSION(paths)},
        {"age_s", "since its offer", COLUMN_NUMBER, SESSION(age_s), .unit = "seconds"},
        {"last_check_ms", "since its last valid check", COLUMN_NUMBER, SESSION(last_check_ms),
         .unit = "milliseconds"},
        {"handshake_ms", "from the first ClientHello to the keys", COLUMN_NUMBER, .only_json = true,
         SESSION(handshake_ms), .unit = "milliseconds"},
        {"rx_packets", "RTP packets received, authentic", COLUMN_NUMBER, SESSION(rx_packets)},
        {"rx_bytes", "of SRTP received", COLUMN_NUMBER, .only_json = true, SESSION(rx_bytes)},
        {"tx_packets", "RTP packets sent", COLUMN_NUMBER, SESSION(tx_packets)},
        {"tx_bytes", "of SRTP sent", COLUMN_NUMBER, .only_json = true, SESSION(tx_bytes)},
        {"checks", "valid connectivity checks", COLUMN_NUMBER, .only_json = true, SESSION(checks)},
        {"moved", "times that another path was selected", COLUMN_NUMBER, .only_json = true,
         SESSION(moved)},
        {"estimate_kbps", "kbit/s that its path carries: proven, of a publisher's; 0: not known",
         COLUMN_NUMBER, SESSION(estimate_kbps)},
        {"lower_kbps", "kbit/s that a publisher was told not to fall below; 0: nothing",
         COLUMN_NUMBER, .only_json = true, SESSION(lower_kbps)},
        {"estimate_clears", "how often that was contradicted, and taken back", COLUMN_NUMBER,
         .only_json = true, SESSION(estimate_clears)},
        {"estimate_reason", "by what, the last time", COLUMN_CHOICE, .only_json = true,
         SESSION(estimate_reason), .choices = estimate_words},
        {"layer", "of the first video that it watches", COLUMN_TEXT, SESSION(layer)},
        {"layer_reason", "why it has that one", COLUMN_CHOICE, SESSION(layer_reason),
         .choices = layer_reason_words},
        {0},
};

static const struct reply session_reply = {REPLY(sluice_session_row, session_columns),
                                           .row_size_before = 208, .none = "there is no session"};

#define MADE(member) FIELD(sluice_session_made, member)

static const struct column made_columns[] = {
        {"ufrag", "of ours", COLUMN_TEXT, MADE(ufrag)},
        {"cname", "of what we send", COLUMN_TEXT, MADE(cname)},
        {"addresses", "host candidates", COLUMN_NUMBER, MADE(n_addresses)},
        {0},
};

static const struct reply made_reply = {REPLY(sluice_session_made, made_columns), .single = true};

static const struct column whole_columns[] = {
        {"id", "of the session", COLUMN_TEXT, FIELD(sluice_session_whole, session.id)},
        {"role", "of the browser", COLUMN_CHOICE, FIELD(sluice_session_whole, session.role),
         .choices = session_role_words},
        {"stream", "that is published or watched", COLUMN_TEXT,
         FIELD(sluice_session_whole, session.stream)},
        {"state", "of its connection", COLUMN_CHOICE, FIELD(sluice_session_whole, state),
         .choices = session_state_words},
        {0},
};

static const struct reply whole_reply = {REPLY(sluice_session_whole, whole_columns)};

#define EVENT(member) FIELD(sluice_session_event, member)

static const struct column event_columns[] = {
        {"id", "of the session", COLUMN_TEXT, EVENT(id)},
        {"role", "of the browser", COLUMN_CHOICE, EVENT(role), .choices = session_role_words},
        {"stream", "that is published or watched", COLUMN_TEXT, EVENT(stream)},
        {"state", "of its connection", COLUMN_CHOICE, EVENT(state), .choices = session_state_words},
        {"reason", "why it ended", COLUMN_CHOICE, EVENT(reason), .choices = session_reason_words},
        {"remote", "address of the selected path", COLUMN_ADDRESS, EVENT(remote)},
        {0},
};

static const struct reply event_reply = {REPLY(sluice_session_event, event_columns)};

static const struct request requests[] = {
        REQUEST(SLUICE_WEBRTC_LISTEN_ADD, {"webrtc", "listen"}, REQUEST_ADD, BY_DATAPLANE,
                .exist_ok = true, BODY(sluice_webrtc_listen), .body_size_before = 40),
        REQUEST(SLUICE_WEBRTC_LISTEN_DELETE, {"webrtc", "listen", "delete"}, REQUEST_DELETE,
                BY_DATAPLANE, .deletes = SLUICE_WEBRTC_LISTEN_ADD, BODY(sluice_webrtc_listen),
                .body_size_before = 40),
        REQUEST(SLUICE_WEBRTC_LISTEN_SHOW, {"webrtc", "listen", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &listen_reply),
        /* From the control plane, which reads offers and writes answers. */
        REQUEST(SLUICE_SESSION_ADD, {"session", "add"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_session),
                .texts = {TEXT(sluice_session, id), TEXT(sluice_session, stream),
                          TEXT(sluice_session, remote_ufrag)},
                .reply = &made_reply),
        REQUEST(SLUICE_SESSION_RESTART, {"session", "restart"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_session_restart),
                .texts = {TEXT(sluice_session_restart, id),
                          TEXT(sluice_session_restart, remote_ufrag)},
                .reply = &made_reply),
        REQUEST(SLUICE_SESSION_DELETE, {"session", "delete"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_session_name), .texts = {TEXT(sluice_session_name, id)}),
        REQUEST(SLUICE_SESSION_LAYER, {"session", "layer"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_session_layer),
                .texts = {TEXT(sluice_session_layer, id), TEXT(sluice_session_layer, mid),
                          TEXT(sluice_session_layer, rid)}),
        REQUEST(SLUICE_SESSION_ESTIMATE, {"session", "estimate"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_session_estimate), .since = 9,
                .texts = {TEXT(sluice_session_estimate, id)}),
        REQUEST(SLUICE_SESSION_SHOW, {"session", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &session_reply),
        REQUEST(SLUICE_SESSION_TAKE, {"session", "take"}, REQUEST_SHOW, BY_DIRECT,
                .reply = &whole_reply),
        REQUEST(SLUICE_SESSION_EVENTS, {"session", "events"}, REQUEST_SHOW, BY_DIRECT,
                .reply = &event_reply),
};

const struct request_table requests_session = REQUEST_TABLE(requests);
