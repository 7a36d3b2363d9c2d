/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "gate/gate.h"

#include <rte_common.h>

static int limit_set_handle(struct api_call *call)
{
	return gate_limit_set(call->dp->gate, call->body, call->why);
}

static int deny_add_handle(struct api_call *call)
{
	return gate_prefix_add(call->dp->gate, SLUICE_GATE_DENY, call->body, call->flags,
	                       call->why);
}

static int deny_delete_handle(struct api_call *call)
{
	return gate_prefix_delete(call->dp->gate, SLUICE_GATE_DENY, call->body, call->why);
}

static int trust_add_handle(struct api_call *call)
{
	return gate_prefix_add(call->dp->gate, SLUICE_GATE_TRUST, call->body, call->flags,
	                       call->why);
}

static int trust_delete_handle(struct api_call *call)
{
	return gate_prefix_delete(call->dp->gate, SLUICE_GATE_TRUST, call->body, call->why);
}

/* What the control plane makes keys by: they come in SLUICE_GATE_KEYS_SET. */
static int nonce_handle(struct api_call *call)
{
	return 0;
}

static int ports_set_handle(struct api_call *call)
{
	return gate_ports_set(call->dp->gate, call->body, call->why);
}

static int mode_set_handle(struct api_call *call)
{
	return gate_mode_set(call->dp->gate, call->body, call->why);
}

static int keys_set_handle(struct api_call *call)
{
	return gate_keys_set(call->dp->gate, call->body, call->why);
}

static int gate_show_handle(struct api_call *call)
{
	gate_show(call->dp->gate, call->rows);
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_GATE_LIMIT_SET, limit_set_handle},
        {SLUICE_GATE_DENY_ADD, deny_add_handle},
        {SLUICE_GATE_DENY_DELETE, deny_delete_handle},
        {SLUICE_GATE_TRUST_ADD, trust_add_handle},
        {SLUICE_GATE_TRUST_DELETE, trust_delete_handle},
        {SLUICE_GATE_NONCE_LIFETIME_SET, nonce_handle},
        {SLUICE_GATE_NONCE_SECRET_SET, nonce_handle},
        {SLUICE_GATE_PORTS_SET, ports_set_handle},
        {SLUICE_GATE_MODE_SET, mode_set_handle},
        {SLUICE_GATE_KEYS_SET, keys_set_handle},
        {SLUICE_GATE_SHOW, gate_show_handle},
};

const struct api_types api_types_gate = {types, RTE_DIM(types)};
