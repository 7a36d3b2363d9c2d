/* SPDX-License-Identifier: BSD-3-Clause */
/* A node as it describes itself in its beat. */
#ifndef REGION_NODE_H
#define REGION_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/region.h>

#define NODE_LOAD_FULL 1000000 /* load_ppm of a node that has nothing left */
#define NODE_VALUE_MAX 64      /* bytes of a field's value, with a NUL */

/* Micro-degrees; latitude -90 to 90, longitude -180 to 180. */
struct place {
	bool known;
	int32_t lat, lon;
};

struct node_record {
	char id[SLUICE_NODE_ID_MAX];
	char region[SLUICE_REGION_NAME_MAX];
	struct sluice_addr addr4, addr6; /* where it serves TURN; zero: not in that family */
	char http[SLUICE_NODE_HTTP_MAX];
	struct place place;
	uint32_t state; /* enum sluice_node_state */
	uint32_t load_ppm;
	uint32_t allocations, streams;
	uint64_t capacity_pps;
	uint64_t started; /* of its control plane, seconds since 1970 by its own clock */
	uint64_t seq;     /* grows with each beat of one `started` */
};

/* The fields of a beat, in the order in which node_read expects their values. */
enum node_field {
	NODE_SEQ,
	NODE_REGION,
	NODE_ADDR4,
	NODE_ADDR6,
	NODE_TURN,
	NODE_HTTP,
	NODE_STATE,
	NODE_LOAD_PPM,
	NODE_CAPACITY_PPS,
	NODE_ALLOCATIONS,
	NODE_STREAMS,
	NODE_LAT,
	NODE_LON,
	NODE_STARTED,
	NODE_FIELDS,
};
extern const char *const node_fields[NODE_FIELDS];

struct node_value {
	const char *bytes; /* NULL: the field is not there */
	size_t length;
};

/*
 * Hostile input. 0; -EINVAL with the name of the field that is missing or wrong in *field. The id
 * is the key's and checked as well.
 */
int node_read(struct node_record *record, const char *id, size_t id_length,
              const struct node_value values[NODE_FIELDS], const char **field);

/* What node_read reads, as text. */
void node_write(const struct node_record *record, char texts[NODE_FIELDS][NODE_VALUE_MAX]);

/* A name of letters, digits and . _ - that fits `room` with a NUL. */
bool name_is_valid(const char *bytes, size_t length, size_t room);

/* "52.52,13.405". 0 or -EINVAL. */
int place_read(struct place *place, const char *text);

#endif
