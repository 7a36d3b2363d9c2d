/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane.h"
#include "turn/state.h"

const struct turn_counter_info turn_counter_infos[] = {
        [TURN_BINDING] = {"binding", "Binding requests answered", "requests"},
        [TURN_ALLOCATE_SUCCESS] = {"allocate_success", "allocations made", "allocations"},
        [TURN_REFRESH_SUCCESS] = {"refresh_success", "Refresh requests granted", "requests"},
        [TURN_CREATE_PERMISSION_SUCCESS] = {"create_permission_success",
                                            "CreatePermission requests granted", "requests"},
        [TURN_CHANNEL_BIND_SUCCESS] = {"channel_bind_success", "ChannelBind requests granted",
                                       "requests"},
        [TURN_RETRANSMITTED] = {"retransmitted",
                                "retransmitted requests that got their first answer again",
                                "requests"},
        [TURN_ERROR_300] = {"error_300", "requests answered Try Alternate", "requests"},
        [TURN_ERROR_400] = {"error_400", "requests answered Bad Request", "requests"},
        [TURN_ERROR_401] = {"error_401",
                            "requests answered Unauthenticated, a client's first one among them",
                            "requests"},
        [TURN_ERROR_403] = {"error_403", "requests answered Forbidden: a denied peer", "requests"},
        [TURN_ERROR_405] = {"error_405", "requests answered Mobility Forbidden", "requests"},
        [TURN_ERROR_420] = {"error_420", "requests answered Unknown Attribute", "requests"},
        [TURN_ERROR_437] = {"error_437", "requests answered Allocation Mismatch", "requests"},
        [TURN_ERROR_438] = {"error_438", "requests answered Stale Nonce", "requests"},
        [TURN_ERROR_440] = {"error_440", "requests answered Address Family not Supported",
                            "requests"},
        [TURN_ERROR_441] = {"error_441",
                            "requests answered Wrong Credentials: another user's allocation",
                            "requests"},
        [TURN_ERROR_442] = {"error_442", "requests answered Unsupported Transport Protocol",
                            "requests"},
        [TURN_ERROR_443] = {"error_443", "requests answered Peer Address Family Mismatch",
                            "requests"},
        [TURN_ERROR_486] = {"error_486", "requests answered Allocation Quota Reached", "requests"},
        [TURN_ERROR_508] =
                {"error_508",
                 "requests answered Insufficient Capacity: a table or a port range is full",
                 "requests"},
        [TURN_CHANNEL_TO_PEER] = {"channel_to_peer", "ChannelData relayed to peers"},
        [TURN_SEND_TO_PEER] = {"send_to_peer", "Send indications relayed to peers"},
        [TURN_CHANNEL_TO_CLIENT] = {"channel_to_client",
                                    "datagrams relayed to clients as ChannelData"},
        [TURN_DATA_TO_CLIENT] = {"data_to_client",
                                 "datagrams relayed to clients as Data indications"},
        [TURN_ALLOCATION_EXPIRED] = {"allocation_expired", "allocations whose time ran out",
                                     "allocations"},
        [TURN_ALLOCATION_DELETED] = {"allocation_deleted",
                                     "allocations ended by their client or by configuration",
                                     "allocations"},
        [TURN_ALLOCATION_LEFT] = {"allocation_left",
                                  "allocations ended with their client's connection",
                                  "allocations"},
        [TURN_ALLOCATION_MOVED] = {"allocation_moved",
                                   "clients that went on by another address and port",
                                   "allocations"},
        [TURN_PERMISSION_EXPIRED] = {"permission_expired", "permissions whose time ran out",
                                     "permissions"},
        [TURN_CHANNEL_EXPIRED] = {"channel_expired", "channels whose time ran out", "channels"},
        [TURN_RESERVATION_EXPIRED] = {"reservation_expired",
                                      "reserved ports that no client came for", "ports"},
        [TURN_EXPIRY_TOO_LARGE] = {"expiry_too_large",
                                   "time-limited user names whose time is in milliseconds, refused",
                                   "requests"},
        [TURN_TO_PEER_BYTES] = {"to_peer_bytes", "UDP payload relayed to peers", "bytes"},
        [TURN_TO_CLIENT_BYTES] = {"to_client_bytes", "UDP payload relayed to clients", "bytes"},
        [TURN_401_NO_CREDENTIALS] =
                {"error_401_no_credentials",
                 "of error_401: without credentials, as a client's first request is", "requests"},
        [TURN_401_REALM] = {"error_401_realm", "of error_401: made for another realm", "requests"},
        [TURN_401_USER] = {"error_401_user", "of error_401: no such user, nor a time-limited name",
                           "requests"},
        [TURN_401_PASSWORD] = {"error_401_password",
                               "of error_401: a wrong password, or made under another secret",
                               "requests"},
        [TURN_401_EXPIRED] = {"error_401_expired",
                              "of error_401: the time of a time-limited name is over", "requests"},
        [TURN_ACCOUNT_LOST] = {"account_lost",
                               "allocations that ended and were not accounted for: nobody took "
                               "their accounts in time",
                               "allocations"},
};

const uint32_t turn_counters_count = TURN_COUNTERS;

static_assert(RTE_DIM(turn_counter_infos) == TURN_COUNTERS, "each counter has a name");

uint64_t turn_counter_sum(struct turn *turn, uint32_t index)
{
	uint64_t sum = 0;

	for (uint16_t id = 0; id < turn->dp->n_workers; id++)
		sum += __atomic_load_n(&turn->dp->workers[id]->turn->counters[index],
		                       __ATOMIC_RELAXED);
	return sum;
}
