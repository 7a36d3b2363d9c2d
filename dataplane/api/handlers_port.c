/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "net/port.h"

#include <rte_common.h>

static int port_add_handle(struct api_call *call)
{
	return port_add(call->dp, call->body, call->flags, call->why);
}

static int port_delete_handle(struct api_call *call)
{
	return port_delete(call->dp, call->body, call->why);
}

static int port_show_handle(struct api_call *call)
{
	return api_page(call,
	                port_show(call->dp, &call->job->cursor, call->rows, api_rows_max(call)));
}

static const struct api_type types[] = {
        {SLUICE_PORT_ADD, port_add_handle},
        {SLUICE_PORT_DELETE, port_delete_handle},
        {SLUICE_PORT_SHOW, port_show_handle},
};

const struct api_types api_types_port = {types, RTE_DIM(types)};
