/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/port.h>

/* The ways to a port: what follows the keyword is the driver's business. */
#define PORT_ARGS(word, placeholder, constant, text, open_to)                                      \
	{                                                                                          \
		.key = word, .meta = placeholder, .help = text, .type = ARGUMENT_WORD,             \
		.keyword = true, .one_of = 1, .access = open_to, FIELD(sluice_port_add, args),     \
		.sets = FIELD_IS(sluice_port_add, kind, constant),                                 \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_PORT_ADD,
                .help = "receive and send on an interface",
                .arguments =
                        {
                                {.key = "name",
                                 .help = "of the port",
                                 .type = ARGUMENT_NAME,
                                 .identifies = true,
                                 FIELD(sluice_port_add, name)},
                                PORT_ARGS("xdp", "IFACE", SLUICE_PORT_XDP,
                                          "an interface, shared with the kernel through AF_XDP",
                                          ACCESS_DEFAULT),
                                PORT_ARGS("dev", "PCI", SLUICE_PORT_DEV,
                                          "a NIC by its PCI address, taken from the kernel whole",
                                          ACCESS_DEFAULT),
                                /* Its arguments go to DPDK as they are: they name files to
                                 * write, interfaces to listen on and code to load. */
                                PORT_ARGS("vdev", "ARGS", SLUICE_PORT_VDEV,
                                          "a virtual device of DPDK", ACCESS_HOST),
                                {.key = "queues",
                                 .help = "receive queues, and as many transmit queues; one for "
                                         "each "
                                         "worker unless given",
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
                .type = SLUICE_PORT_DELETE,
                .help = "give an interface back",
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
                .type = SLUICE_PORT_SHOW,
                .help = "ports, their state and what they counted",
        },
};

const struct command_group commands_port = {"Ports", commands, COUNT(commands)};
