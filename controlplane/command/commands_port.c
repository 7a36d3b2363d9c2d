/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/port.h>

static const struct reply port_reply = {sizeof(struct sluice_port_row), .columns = port_columns};

/* The ways to a port: what follows the keyword is the driver's business. */
#define PORT_ARGS(word, placeholder, constant, text)                                               \
	{                                                                                          \
		.key = word, .meta = placeholder, .help = text, .type = ARGUMENT_WORD,             \
		.keyword = true, .one_of = 1, FIELD(sluice_port_add, args),                        \
		.sets = FIELD_IS(sluice_port_add, kind, constant),                                 \
	}

static const struct command commands[] = {
        {
                .path = {"port", "add"},
                .help = "receive and send on an interface",
                .kind = COMMAND_ADD,
                .type = SLUICE_PORT_ADD,
                .body_size = sizeof(struct sluice_port_add),
                .arguments =
                        {
                                {.key = "name",
                                 .help = "of the port",
                                 .type = ARGUMENT_NAME,
                                 .identifies = true,
                                 FIELD(sluice_port_add, name)},
                                PORT_ARGS("xdp", "IFACE", SLUICE_PORT_XDP,
                                          "an interface, shared with the kernel through AF_XDP"),
                                PORT_ARGS("dev", "PCI", SLUICE_PORT_DEV,
                                          "a NIC by its PCI address, taken from the kernel whole"),
                                PORT_ARGS("vdev", "ARGS", SLUICE_PORT_VDEV,
                                          "a virtual device of DPDK"),
                                {.key = "queues",
                                 .help = "receiving and sending each; one for each worker unless "
                                         "given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_port_add, queues),
                                 .least = 1,
                                 .most = 256},
                                {.key = "mtu",
                                 .help = "in bytes; the interface's own unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_port_add, mtu),
                                 .least = 68,
                                 .most = 65535},
                        },
        },
        {
                .path = {"port", "delete"},
                .help = "give an interface back",
                .kind = COMMAND_DELETE,
                .type = SLUICE_PORT_DELETE,
                .deletes = SLUICE_PORT_ADD,
                .body_size = sizeof(struct sluice_port_delete),
                .arguments =
                        {
                                {.key = "name",
                                 .help = "of the port",
                                 .type = ARGUMENT_NAME,
                                 .identifies = true,
                                 FIELD(sluice_port_delete, name)},
                        },
        },
        {
                .path = {"port", "show"},
                .help = "ports, their state and what they counted",
                .kind = COMMAND_SHOW,
                .type = SLUICE_PORT_SHOW,
                .reply = &port_reply,
        },
};

const struct command_group commands_port = {"Ports", commands, COUNT(commands)};
