/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/turn.h>

#define ROW(member) FIELD(sluice_allocation_row, member)

static const struct column allocation_columns[] = {
        {"id", "never used twice while the dataplane lives", COLUMN_NUMBER, ROW(id)},
        {"user", "cut where it is long", COLUMN_TEXT, ROW(user)},
        {"client", "address", COLUMN_ADDRESS, ROW(client)},
        {"server", "address that the client speaks to", COLUMN_ADDRESS, .only_json = true,
         ROW(server)},
        {"relayed", "address", COLUMN_ADDRESS, ROW(relayed[0])},
        {"relayed2", "address of the second family", COLUMN_ADDRESS, ROW(relayed[1])},
        {"expires", "in seconds", COLUMN_NUMBER, ROW(expires_s)},
        {"age", "in seconds", COLUMN_NUMBER, ROW(age_s)},
        {"permissions", "that live", COLUMN_NUMBER, ROW(permissions)},
        {"channels", "that live", COLUMN_NUMBER, ROW(channels)},
        {"worker", "that owns it", COLUMN_NUMBER, .only_json = true, ROW(worker)},
        {"to_peer_packets", "relayed", COLUMN_NUMBER, ROW(to_peer_packets)},
        {"to_peer_bytes", "relayed, of UDP payload", COLUMN_NUMBER, .only_json = true,
         ROW(to_peer_bytes)},
        {"to_client_packets", "relayed", COLUMN_NUMBER, ROW(to_client_packets)},
        {"to_client_bytes", "relayed, of UDP payload", COLUMN_NUMBER, .only_json = true,
         ROW(to_client_bytes)},
        {0},
};

static const struct reply allocation_reply = {sizeof(struct sluice_allocation_row),
                                              .columns = allocation_columns};

static const struct command commands[] = {
        {
                .path = {"allocation", "show"},
                .help = "who relays what",
                .kind = COMMAND_SHOW,
                .type = SLUICE_ALLOCATION_SHOW,
                .body_size = sizeof(struct sluice_allocation_show),
                .arguments =
                        {
                                {.key = "user",
                                 .meta = "NAME",
                                 .help = "only this user's",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_show, user)},
                        },
                .reply = &allocation_reply,
        },
        {
                .path = {"allocation", "delete"},
                .help = "end an allocation",
                .kind = COMMAND_ACT,
                .type = SLUICE_ALLOCATION_DELETE,
                .body_size = sizeof(struct sluice_allocation_delete),
                .arguments =
                        {
                                {.key = "id",
                                 .meta = "ID",
                                 .help = "as `allocation show` has it",
                                 .type = ARGUMENT_NUMBER,
                                 FIELD(sluice_allocation_delete, id)},
                        },
        },
};

const struct command_group commands_allocation = {"Allocations", commands, COUNT(commands)};
