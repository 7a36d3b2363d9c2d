/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/turn.h>

#define TURN(member) FIELD(sluice_turn_row, member)

static const struct column turn_columns[] = {
        {"realm", "of the server", COLUMN_TEXT, TURN(realm)},
        {"listeners", "addresses that are listened on", COLUMN_NUMBER, TURN(listeners)},
        {"relays", "addresses that are relayed from", COLUMN_NUMBER, TURN(relays)},
        {"users", "with long-term credentials, of all realms", COLUMN_NUMBER, TURN(users)},
        {"secrets", "of time-limited credentials, of all realms", COLUMN_NUMBER, TURN(secrets)},
        {"lifetime_max", "longest lifetime that an allocation is granted", COLUMN_NUMBER,
         TURN(lifetime_max_s), .unit = "seconds"},
        {"quota_user", "allocations of one user; 0: any number", COLUMN_NUMBER, TURN(quota_user)},
        {"quota_host", "allocations in all; 0: any number", COLUMN_NUMBER, TURN(quota_host)},
        {"draining", "1: new allocations are turned away", COLUMN_NUMBER, TURN(draining)},
        {"quota_max_bps", "bits a second of an allocation, each direction; 0: any number",
         COLUMN_NUMBER, TURN(quota_max_bps)},
        {"allocations", "allocations that live", COLUMN_NUMBER, TURN(allocations),
         .metric = "sluice_turn_allocations"},
        {"allocations_max", "allocations that there is room for", COLUMN_NUMBER,
         TURN(allocations_max), .metric = "sluice_turn_allocations_max"},
        {"permissions", "permissions that live", COLUMN_NUMBER, TURN(permissions),
         .metric = "sluice_turn_permissions"},
        {"permissions_max", "permissions that there is room for", COLUMN_NUMBER,
         TURN(permissions_max), .metric = "sluice_turn_permissions_max"},
        {"channels", "channels that live", COLUMN_NUMBER, TURN(channels),
         .metric = "sluice_turn_channels"},
        {"channels_max", "channels that there is room for", COLUMN_NUMBER, TURN(channels_max),
         .metric = "sluice_turn_channels_max"},
        {"connections", "connections of clients that come by TCP, TLS and DTLS", COLUMN_NUMBER,
         TURN(connections), .metric = "sluice_turn_connections"},
        {"connections_max", "connections that there may be", COLUMN_NUMBER, TURN(connections_max),
         .metric = "sluice_turn_connections_max"},
        {"quota_bps_capacity",
         "bits a second that all allocations relay together in one direction before new ones are "
         "turned away; 0: any number",
         COLUMN_NUMBER, TURN(quota_capacity_bps)},
        {"to_peer_bps", "relayed to peers in the last second, UDP payload", COLUMN_NUMBER,
         TURN(to_peer_bps), .unit = "bits a second"},
        {"to_client_bps", "relayed to clients in the last second, UDP payload", COLUMN_NUMBER,
         TURN(to_client_bps), .unit = "bits a second"},
        {"realms", "beside this one", COLUMN_NUMBER, TURN(realms)},
        {"mobility", "1: clients may move to another address", COLUMN_NUMBER, TURN(mobility)},
        {"algorithms", "1: each challenge offers RFC 8489's choice of them", COLUMN_NUMBER,
         TURN(algorithms)},
        {0},
};

static const struct reply turn_reply = {REPLY(sluice_turn_row, turn_columns),
                                        .row_size_before = 200, .single = true};

#define LISTEN(member) FIELD(sluice_turn_listen_row, member)

static const struct column listen_columns[] = {
        {"address", "that is listened on", COLUMN_ADDRESS, LISTEN(addr)},
        {"transport", "by which clients come", COLUMN_CHOICE, LISTEN(transport),
         .choices = transport_words},
        {"announce", "address that clients are told, where that is another one", COLUMN_ADDRESS,
         LISTEN(announce)},
        {"state", "present, or absent: no interface of a port has the address", COLUMN_CHOICE,
         LISTEN(state), .choices = address_state_words},
        {"connections", "of clients, now", COLUMN_NUMBER, LISTEN(connections)},
        {"realm", "of its clients, where it is not the server's", COLUMN_TEXT, LISTEN(realm)},
        {"proxy", "whose word on clients' addresses is taken", COLUMN_TEXT, LISTEN(proxy)},
        {0},
};

static const struct reply listen_reply = {REPLY(sluice_turn_listen_row, listen_columns),
                                          .row_size_before = 56, .none = "nothing is listened on"};

#define REALM(member) FIELD(sluice_turn_realm_row, member)

static const struct column realm_columns[] = {
        {"realm", "the first one is the server's", COLUMN_TEXT, REALM(realm), .label = "realm"},
        {"listeners", "whose clients it has", COLUMN_NUMBER, REALM(listeners)},
        {"users", "with long-term credentials", COLUMN_NUMBER, REALM(users)},
        {"secrets", "of time-limited credentials", COLUMN_NUMBER, REALM(secrets)},
        {"allocations", "that live", COLUMN_NUMBER, REALM(allocations),
         .metric = "sluice_turn_realm_allocations",
         .metric_help = "allocations that live, by the realm of their listener"},
        {"quota_user", "allocations of one user; 0: any number", COLUMN_NUMBER, REALM(quota_user)},
        {"quota_host", "allocations in all; 0: any number", COLUMN_NUMBER, REALM(quota_host)},
        {"quota_max_bps", "bits a second of an allocation, each direction; 0: any number",
         COLUMN_NUMBER, REALM(quota_max_bps)},
        {"to_peer_bytes", "UDP payload of its allocations that was relayed to peers", COLUMN_NUMBER,
         REALM(to_peer_bytes), .only_json = true, .counter = true, .unit = "bytes",
         .metric = "sluice_turn_realm_to_peer_bytes_total",
         .metric_help = "UDP payload that was relayed to peers, by the realm of the listener"},
        {"to_client_bytes", "the same to clients", COLUMN_NUMBER, REALM(to_client_bytes),
         .only_json = true, .counter = true, .unit = "bytes",
         .metric = "sluice_turn_realm_to_client_bytes_total",
         .metric_help = "UDP payload that was relayed to clients, by the realm of the listener"},
        {0},
};

static const struct reply realm_reply = {REPLY(sluice_turn_realm_row, realm_columns)};

#define RELAY(member) FIELD(sluice_turn_relay_row, member)

static const struct column relay_columns[] = {
        {"address", "that is relayed from", COLUMN_ADDRESS, RELAY(addr)},
        {"announce", "address that clients are told, where that is another one", COLUMN_ADDRESS,
         RELAY(announce)},
        {"state", "present, or absent: no interface of a port has the address", COLUMN_CHOICE,
         RELAY(state), .choices = address_state_words},
        {"ports", "that are given out", COLUMN_TEXT, RELAY(ports)},
        {"size", "how many these are", COLUMN_NUMBER, RELAY(size)},
        {"used", "ports that allocations have, or have reserved", COLUMN_NUMBER, RELAY(used)},
        {"outside", "of these, outside of the ranges, until their allocations end", COLUMN_NUMBER,
         RELAY(outside)},
        {0},
};

static const struct reply relay_reply = {REPLY(sluice_turn_relay_row, relay_columns),
                                         .none = "nothing is relayed from"};

#define ALLOCATION(member) FIELD(sluice_allocation_row, member)

static const struct column allocation_columns[] = {
        {"id", "never used twice while the dataplane lives", COLUMN_NUMBER, ALLOCATION(id)},
        {"user", "cut where it is long", COLUMN_TEXT, ALLOCATION(user)},
        {"client", "address", COLUMN_ADDRESS, ALLOCATION(client)},
        {"transport", "by which the client came", COLUMN_CHOICE, ALLOCATION(transport),
         .choices = transport_words},
        {"server", "address that the client speaks to", COLUMN_ADDRESS, .only_json = true,
         ALLOCATION(server)},
        {"relayed", "address", COLUMN_ADDRESS, ALLOCATION(relayed[0])},
        {"relayed2", "address of the second family", COLUMN_ADDRESS, ALLOCATION(relayed[1])},
        {"expires", "unless it is refreshed", COLUMN_NUMBER, ALLOCATION(expires_s),
         .unit = "seconds"},
        {"age", "since it was made", COLUMN_NUMBER, ALLOCATION(age_s), .unit = "seconds"},
        {"permissions", "that live", COLUMN_NUMBER, ALLOCATION(permissions)},
        {"channels", "that live", COLUMN_NUMBER, ALLOCATION(channels)},
        {"worker", "that owns it", COLUMN_NUMBER, .only_json = true, ALLOCATION(worker)},
        {"to_peer_packets", "relayed to peers", COLUMN_NUMBER, ALLOCATION(to_peer_packets)},
        {"to_peer_bytes", "of UDP payload, relayed to peers", COLUMN_NUMBER, .only_json = true,
         ALLOCATION(to_peer_bytes)},
        {"to_client_packets", "relayed to the client", COLUMN_NUMBER,
         ALLOCATION(to_client_packets)},
        {"to_client_bytes", "of UDP payload, relayed to the client", COLUMN_NUMBER,
         .only_json = true, ALLOCATION(to_client_bytes)},
        {0},
};

static const struct reply allocation_reply = {REPLY(sluice_allocation_row, allocation_columns),
                                              .none = "no allocation lives"};

static const struct column pending_columns[] = {
        {"name", "of a user whose key is to be fetched", COLUMN_TEXT,
         FIELD(sluice_turn_wanted, name)},
        {"length", "of the name", COLUMN_NUMBER, FIELD(sluice_turn_wanted, length),
         .unit = "bytes"},
        {0},
};

static const struct reply pending_reply = {REPLY(sluice_turn_wanted, pending_columns)};

#define USER_TEXTS                                                                                 \
	{                                                                                          \
		TEXT(sluice_turn_user, name), TEXT(sluice_turn_user, password),                    \
		        TEXT(sluice_turn_user, realm)                                              \
	}
#define SECRET_TEXTS                                                                               \
	{                                                                                          \
		TEXT(sluice_turn_secret, secret), TEXT(sluice_turn_secret, realm)                  \
	}

/* Which limits are given: the version before takes all of a body, and is sent all that hold. */
#define QUOTA_SPARE                                                                                \
	.spare_offset = offsetof(struct sluice_turn_quota, user_given),                            \
	.spare_size = offsetof(struct sluice_turn_quota, realm) -                                  \
	              offsetof(struct sluice_turn_quota, user_given)

static const struct column ended_columns[] = {
        {"ended", "allocations", COLUMN_NUMBER, FIELD(sluice_allocation_ended, count)},
        {0},
};

static const struct reply ended_reply = {REPLY(sluice_allocation_ended, ended_columns),
                                         .single = true};

static const struct column certificate_columns[] = {
        {"subject", "the first name in it", COLUMN_TEXT,
         FIELD(sluice_turn_certificate_row, subject)},
        {"name", "that clients ask for, where one was given", COLUMN_TEXT,
         FIELD(sluice_turn_certificate_row, name)},
        {"expires", "Unix time", COLUMN_NUMBER, FIELD(sluice_turn_certificate_row, expires),
         .unit = "seconds", .metric = "sluice_turn_certificate_expires_seconds",
         .metric_help =
                 "when the first of TURN's certificates expires, Unix time; 0: there is none",
         .form = METRIC_LEAST},
        {0},
};

static const struct reply certificate_reply = {
        REPLY(sluice_turn_certificate_row, certificate_columns), .none = "there are none"};

#define CERTIFICATE_TEXTS                                                                          \
	{                                                                                          \
		TEXT(sluice_turn_certificate, file), TEXT(sluice_turn_certificate, key),           \
		        TEXT(sluice_turn_certificate, name)                                        \
	}

#define ACCOUNT(member) FIELD(sluice_allocation_account, member)

static const struct column account_columns[] = {
        {"number", "in the order that they ended", COLUMN_NUMBER, .only_json = true,
         ACCOUNT(number)},
        {"id", "of the allocation", COLUMN_NUMBER, .only_json = true, ACCOUNT(id)},
        {"began", "Unix time", COLUMN_TIME, ACCOUNT(began)},
        {"ended", "Unix time", COLUMN_TIME, ACCOUNT(ended)},
        {"user", "cut where it is longer than 51 bytes", COLUMN_TEXT, ACCOUNT(user)},
        {"client", "address", COLUMN_ADDRESS, ACCOUNT(client)},
        {"server", "address that the client spoke to", COLUMN_ADDRESS, .only_json = true,
         ACCOUNT(server)},
        {"relayed", "address", COLUMN_ADDRESS, ACCOUNT(relayed[0])},
        {"relayed2", "address of the second family", COLUMN_ADDRESS, .only_json = true,
         ACCOUNT(relayed[1])},
        {"seconds", "that it lived", COLUMN_NUMBER, ACCOUNT(seconds)},
        {"transport", "of the client", COLUMN_CHOICE, .only_json = true, ACCOUNT(transport),
         .choices = transport_words},
        {"reason", "of its end", COLUMN_CHOICE, ACCOUNT(reason), .choices = reason_words},
        {"worker", "that owned it", COLUMN_NUMBER, .only_json = true, ACCOUNT(worker)},
        {"to_peer_packets", "relayed to peers", COLUMN_NUMBER, .only_json = true,
         ACCOUNT(to_peer_packets)},
        {"to_peer_bytes", "of UDP payload, relayed to peers", COLUMN_NUMBER,
         ACCOUNT(to_peer_bytes)},
        {"to_client_packets", "relayed to the client", COLUMN_NUMBER, .only_json = true,
         ACCOUNT(to_client_packets)},
        {"to_client_bytes", "of UDP payload, relayed to the client", COLUMN_NUMBER,
         ACCOUNT(to_client_bytes)},
        {0},
};

const struct reply account_reply = {REPLY(sluice_allocation_account, account_columns),
                                    .none = "no allocation is known that was so"};

static const struct request requests[] = {
        REQUEST(SLUICE_TURN_LISTEN_ADD, {"turn", "listen"}, REQUEST_ADD, BY_DATAPLANE,
                .exist_ok = true, BODY(sluice_turn_listen), .body_size_before = 44,
                .texts = {TEXT(sluice_turn_listen, realm)}),
        REQUEST(SLUICE_TURN_LISTEN_DELETE, {"turn", "listen", "delete"}, REQUEST_DELETE,
                BY_DATAPLANE, .deletes = SLUICE_TURN_LISTEN_ADD, BODY(sluice_turn_listen),
                .body_size_before = 44, .texts = {TEXT(sluice_turn_listen, realm)}),
        REQUEST(SLUICE_TURN_LISTEN_SHOW, {"turn", "listen", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &listen_reply),
        REQUEST(SLUICE_TURN_REALM_SET, {"turn", "realm"}, REQUEST_SET, BY_DATAPLANE,
                BODY(sluice_turn_realm), .texts = {TEXT(sluice_turn_realm, realm)}),
        REQUEST(SLUICE_TURN_REALM_ADD, {"turn", "realm", "add"}, REQUEST_ADD, BY_DATAPLANE,
                .since = 9, .exist_ok = true, BODY(sluice_turn_realm),
                .texts = {TEXT(sluice_turn_realm, realm)}),
        REQUEST(SLUICE_TURN_REALM_DELETE, {"turn", "realm", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .since = 9, .deletes = SLUICE_TURN_REALM_ADD, BODY(sluice_turn_realm),
                .texts = {TEXT(sluice_turn_realm, realm)}),
        REQUEST(SLUICE_TURN_REALM_SHOW, {"turn", "realm", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .since = 9, .reply = &realm_reply),
        REQUEST(SLUICE_TURN_RELAY_ADD, {"turn", "relay"}, REQUEST_ADD, BY_DATAPLANE,
                .exist_ok = true, BODY(sluice_turn_relay)),
        REQUEST(SLUICE_TURN_RELAY_DELETE, {"turn", "relay", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_TURN_RELAY_ADD, BODY(sluice_turn_relay)),
        REQUEST(SLUICE_TURN_RELAY_SHOW, {"turn", "relay", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &relay_reply),
        REQUEST(SLUICE_TURN_USER_ADD, {"turn", "user", "add"}, REQUEST_ADD, BY_DATAPLANE,
                .exist_ok = true, BODY(sluice_turn_user), .body_size_before = 772,
                .texts = USER_TEXTS),
        REQUEST(SLUICE_TURN_USER_DELETE, {"turn", "user", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_TURN_USER_ADD, BODY(sluice_turn_user), .body_size_before = 772,
                .texts = {TEXT(sluice_turn_user, name), TEXT(sluice_turn_user, realm)}),
        REQUEST(SLUICE_TURN_SECRET_ADD, {"turn", "secret", "add"}, REQUEST_ADD, BY_DATAPLANE,
                BODY(sluice_turn_secret), .body_size_before = 260, .texts = SECRET_TEXTS),
        REQUEST(SLUICE_TURN_SECRET_DELETE, {"turn", "secret", "delete"}, REQUEST_DELETE,
                BY_DATAPLANE, .deletes = SLUICE_TURN_SECRET_ADD, BODY(sluice_turn_secret),
                .body_size_before = 260, .texts = SECRET_TEXTS),
        REQUEST(SLUICE_TURN_PEER_ADD, {"turn", "peer", "add"}, REQUEST_ADD, BY_DATAPLANE,
                .exist_ok = true, BODY(sluice_turn_peer), .body_size_before = 24,
                .texts = {TEXT(sluice_turn_peer, realm)}),
        REQUEST(SLUICE_TURN_PEER_DELETE, {"turn", "peer", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_TURN_PEER_ADD, BODY(sluice_turn_peer), .body_size_before = 24,
                .texts = {TEXT(sluice_turn_peer, realm)}),
        REQUEST(SLUICE_TURN_LIFETIME_SET, {"turn", "lifetime"}, REQUEST_SET, BY_DATAPLANE,
                BODY(sluice_turn_lifetime)),
        REQUEST(SLUICE_TURN_MOBILITY_SET, {"turn", "mobility"}, REQUEST_SET, BY_DATAPLANE,
                .since = 9, BODY(sluice_turn_mobility)),
        REQUEST(SLUICE_TURN_ALGORITHMS_SET, {"turn", "algorithms"}, REQUEST_SET, BY_DATAPLANE,
                .since = 9, BODY(sluice_turn_algorithms)),
        REQUEST(SLUICE_TURN_DISCOVERY_ADD, {"turn", "discovery"}, REQUEST_ADD, BY_DATAPLANE,
                .since = 9, .exist_ok = true, BODY(sluice_turn_discovery)),
        REQUEST(SLUICE_TURN_DISCOVERY_DELETE, {"turn", "discovery", "delete"}, REQUEST_DELETE,
                BY_DATAPLANE, .since = 9, .deletes = SLUICE_TURN_DISCOVERY_ADD,
                BODY(sluice_turn_discovery)),
        REQUEST(SLUICE_TURN_QUOTA_SET, {"turn", "quota"}, REQUEST_SET, BY_DATAPLANE,
                BODY(sluice_turn_quota), .body_size_before = 16, QUOTA_SPARE,
                .texts = {TEXT(sluice_turn_quota, realm)}),
        REQUEST(SLUICE_TURN_STREAM_SET, {"turn", "stream"}, REQUEST_SET, BY_DATAPLANE,
                BODY(sluice_turn_stream)),
        REQUEST(SLUICE_TURN_CERTIFICATE_ADD, {"turn", "certificate"}, REQUEST_ADD, BY_CONTROL,
                .access = ACCESS_HOST, .exist_ok = true, BODY(sluice_turn_certificate),
                .texts = CERTIFICATE_TEXTS),
        REQUEST(SLUICE_TURN_CERTIFICATE_DELETE, {"turn", "certificate", "delete"}, REQUEST_DELETE,
                BY_CONTROL, .deletes = SLUICE_TURN_CERTIFICATE_ADD, BODY(sluice_turn_certificate),
                .texts = CERTIFICATE_TEXTS),
        REQUEST(SLUICE_TURN_CERTIFICATE_PUT, {"turn", "certificate", "put"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_turn_certificate_put),
                .texts = {TEXT(sluice_turn_certificate_put, name)}),
        REQUEST(SLUICE_TURN_CERTIFICATE_SHOW, {"turn", "certificate", "show"}, REQUEST_SHOW,
                BY_DATAPLANE, .reply = &certificate_reply),
        REQUEST(SLUICE_TURN_SHOW, {"turn", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &turn_reply),
        REQUEST(SLUICE_ALLOCATION_SHOW, {"allocation", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                BODY(sluice_allocation_show), .texts = {TEXT(sluice_allocation_show, user)},
                .reply = &allocation_reply),
        REQUEST(SLUICE_ALLOCATION_DELETE, {"allocation", "delete"}, REQUEST_ACT, BY_DATAPLANE,
                BODY(sluice_allocation_delete)),
        REQUEST(SLUICE_ALLOCATION_DELETE_USER, {"allocation", "delete", "user"}, REQUEST_ACT,
                BY_DATAPLANE, BODY(sluice_allocation_delete_user),
                .texts = {TEXT(sluice_allocation_delete_user, name)}, .reply = &ended_reply),
        /* From the control plane, which makes or fetches what they say. */
        REQUEST(SLUICE_ALLOCATION_ACCOUNT_TAKE, {"allocation", "accounts"}, REQUEST_SHOW, BY_DIRECT,
                .reply = &account_reply),
        REQUEST(SLUICE_ALLOCATION_END, {"allocation", "end"}, REQUEST_ACT, BY_DIRECT,
                .reply = &ended_reply),
        REQUEST(SLUICE_TURN_ALTERNATES_SET, {"turn", "alternates"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_turn_alternates)),
        REQUEST(SLUICE_TURN_KEY_ADD, {"turn", "key", "add"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_turn_key), .body_size_before = 532,
                .texts = {TEXT(sluice_turn_key, name)}),
        REQUEST(SLUICE_TURN_KEY_DELETE, {"turn", "key", "delete"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_turn_key), .body_size_before = 532,
                .texts = {TEXT(sluice_turn_key, name)}),
        REQUEST(SLUICE_TURN_LOOKUP_SET, {"turn", "lookup"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_turn_lookup)),
        REQUEST(SLUICE_TURN_WANTED_TAKE, {"turn", "wanted"}, REQUEST_SHOW, BY_DIRECT,
                .reply = &pending_reply),
};

const struct request_table requests_turn = REQUEST_TABLE(requests);
