/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "common/refuse.h"
#include "gate/gate.h"

#include <rte_common.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The prefixes in the memfd that came along. *keys is the caller's to free; NULL: none. */
static int lists_read(struct api_call *call, const struct gate_compiled *compiled,
                      struct gate_lpm_key **keys)
{
	int fd = call->job->fd;
	size_t size;

	*keys = NULL;
	if (compiled->denied > GATE_LPM_MAX || compiled->trusted > GATE_LPM_MAX)
		return refuse(call->why, -EINVAL, "a list has too many prefixes");
	size = (compiled->denied + compiled->trusted) * sizeof(**keys);
	if (size == 0)
		return 0;
	/* What knows of seals is memory: reading it waits for nobody. */
	if (fd < 0 || fcntl(fd, F_GET_SEALS) < 0)
		return refuse(call->why, -EINVAL, "the prefixes come in a memfd");
	*keys = malloc(size);
	if (*keys == NULL)
		return refuse(call->why, -ENOMEM, "no memory for the prefixes");
	if (pread(fd, *keys, size, 0) == (ssize_t)size)
		return 0;
	free(*keys);
	return refuse(call->why, -EINVAL, "the memfd holds less than the prefixes");
}

static int gate_set_handle(struct api_call *call)
{
	struct gate_lpm_key *keys;
	int ret = lists_read(call, call->body, &keys);

	if (ret != 0)
		return ret;
	ret = gate_set(call->dp->gate, call->body, keys, call->why);
	free(keys);
	return ret;
}

static int gate_show_handle(struct api_call *call)
{
	gate_show(call->dp->gate, call->rows);
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_GATE_SET, gate_set_handle},
        {SLUICE_GATE_SHOW, gate_show_handle},
};

const struct api_types api_types_gate = {types, RTE_DIM(types)};
