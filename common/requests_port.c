/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/port.h>

#define PORT(member)      FIELD(sluice_port_row, member)
#define COUNTER(name, of) .counter = true, .unit = of, .metric = name

static const struct column port_columns[] = {
        {"name", "of the port", COLUMN_TEXT, PORT(name), .label = "port"},
        {"kind", "of driver", COLUMN_CHOICE, PORT(kind), .choices = port_kind_words},
        {"args", "interface, PCI address or virtual device", COLUMN_TEXT, PORT(args)},
        {"state", "up, down (no link) or gone (the kernel took the interface away)", COLUMN_CHOICE,
         PORT(state), .choices = port_state_words, .metric = "sluice_port_up",
         .metric_help = "1: the port has a link", .form = METRIC_IS, .is = SLUICE_PORT_UP},
        {"mac", "address", COLUMN_MAC, PORT(mac)},
        {"mtu", "longest IP packet", COLUMN_NUMBER, PORT(mtu), .unit = "bytes"},
        {"queues", "receive queues, and as many transmit queues", COLUMN_NUMBER, PORT(queues)},
        {"numa", "node of the device", COLUMN_NUMBER, .only_json = true, PORT(numa),
         .absent = 0xffff},
        {"ifindex", "of the kernel's interface", COLUMN_NUMBER, .only_json = true, PORT(ifindex)},
        {"rx_packets", "packets received", COLUMN_NUMBER, PORT(rx_packets),
         COUNTER("sluice_port_receive_packets_total", "packets")},
        {"rx_bytes", "bytes received", COLUMN_NUMBER, .only_json = true, PORT(rx_bytes),
         COUNTER("sluice_port_receive_bytes_total", "bytes")},
        {"rx_missed", "packets lost before a full receive queue, or for want of a buffer",
         COLUMN_NUMBER, PORT(rx_missed), COUNTER("sluice_port_receive_missed_total", "packets")},
        {"rx_errors", "packets received with an error", COLUMN_NUMBER, .only_json = true,
         PORT(rx_errors), COUNTER("sluice_port_receive_errors_total", "packets")},
        {"tx_packets", "packets sent", COLUMN_NUMBER, PORT(tx_packets),
         COUNTER("sluice_port_transmit_packets_total", "packets")},
        {"tx_bytes", "bytes sent", COLUMN_NUMBER, .only_json = true, PORT(tx_bytes),
         COUNTER("sluice_port_transmit_bytes_total", "bytes")},
        {"tx_errors", "packets that the device could not send", COLUMN_NUMBER, .only_json = true,
         PORT(tx_errors), COUNTER("sluice_port_transmit_errors_total", "packets")},
        {"tx_full", "packets that the transmit queue had no room for", COLUMN_NUMBER, PORT(tx_full),
         COUNTER("sluice_port_transmit_full_total", "packets")},
        {0},
};

static const struct reply port_reply = {REPLY(sluice_port_row, port_columns),
                                        .none = "there is no port"};

static const struct request requests[] = {
        REQUEST(SLUICE_PORT_ADD, {"port", "add"}, REQUEST_ADD, BY_DATAPLANE, BODY(sluice_port_add),
                .texts = {TEXT(sluice_port_add, name), TEXT(sluice_port_add, args)}),
        REQUEST(SLUICE_PORT_DELETE, {"port", "delete"}, REQUEST_DELETE, BY_DATAPLANE,
                .deletes = SLUICE_PORT_ADD, BODY(sluice_port_delete),
                .texts = {TEXT(sluice_port_delete, name)}),
        REQUEST(SLUICE_PORT_SHOW, {"port", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &port_reply),
};

const struct request_table requests_port = REQUEST_TABLE(requests);
