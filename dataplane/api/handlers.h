/* SPDX-License-Identifier: BSD-3-Clause */
/* What answers each type of request. The edge (api.c) has checked the body by common/request.h. */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/api.h"
#include "dataplane.h"

struct api_call {
	struct dataplane *dp;
	struct api_job *job;
	const void *body; /* of the type's size */
	uint32_t flags;   /* enum sluice_api_flag */
	char *why;        /* SLUICE_API_ERROR_MAX bytes, for a status that is not 0 */
	/* the reply */
	void *rows;
	uint32_t row_size;     /* bytes; 0: the reply has no rows */
	uint32_t room, length; /* bytes */
	bool more;             /* another page follows: the handler is called again */
	bool warns;            /* instead of rows the line in `why` */
};

struct api_type {
	uint16_t type;                        /* enum sluice_api_type */
	int (*handle)(struct api_call *call); /* 0 or -errno */
};

/* How many rows fit into a page. */
static inline uint32_t api_rows_max(const struct api_call *call)
{
	return call->room / call->row_size;
}

/* A page of a list whose end is an empty one. */
static inline int api_page(struct api_call *call, uint32_t rows)
{
	call->length = rows * call->row_size;
	call->more = rows > 0;
	return 0;
}

/* The only row has been written. */
static inline int api_row(struct api_call *call)
{
	call->length = call->row_size;
	return 0;
}

/* Each subject's rows; a type that is in none of them is unknown. */
struct api_types {
	const struct api_type *types;
	uint32_t count;
};

extern const struct api_types api_types_config, api_types_port, api_types_turn, api_types_stats,
        api_types_capture, api_types_gate, api_types_media, api_types_session, api_types_ledger;

#endif
