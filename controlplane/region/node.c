/* SPDX-License-Identifier: BSD-3-Clause */
#include "region/node.h"

#include "common/words.h"

#include "command/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MICRO   1000000
#define LAT_MAX (90 * MICRO)
#define LON_MAX (180 * MICRO)

const char *const node_fields[NODE_FIELDS] = {
        [NODE_SEQ] = "seq",
        [NODE_REGION] = "region",
        [NODE_ADDR4] = "addr4",
        [NODE_ADDR6] = "addr6",
        [NODE_TURN] = "turn",
        [NODE_HTTP] = "http",
        [NODE_STATE] = "state",
        [NODE_LOAD_PPM] = "load_ppm",
        [NODE_CAPACITY_PPS] = "capacity_pps",
        [NODE_ALLOCATIONS] = "allocations",
        [NODE_STREAMS] = "streams",
        [NODE_LAT] = "lat",
        [NODE_LON] = "lon",
        [NODE_STARTED] = "started",
};

bool name_is_valid(const char *bytes, size_t length, size_t room)
{
	if (length == 0 || length >= room)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)bytes[i]) && strchr("._-", bytes[i]) == NULL)
			return false;
	return memchr(bytes, '\0', length) == NULL;
}

/* -- one value -- */

static bool number_read(const char *text, uint64_t most, uint64_t *number)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (!isdigit((unsigned char)*text) || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (*text - '0');
	}
	*number = value;
	return value <= most;
}

static bool number32_read(const char *text, uint32_t most, uint32_t *number)
{
	uint64_t value;

	if (!number_read(text, most, &value))
		return false;
	*number = value;
	return true;
}

/* Degrees with at most six digits behind the point: more than that says nothing. */
static bool degrees_read(const char *text, int32_t most, int32_t *micro)
{
	bool negative = *text == '-';
	int64_t value = 0;
	int64_t unit = MICRO;

	text += negative;
	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if ((value = value * 10 + (*text - '0')) > 180)
			return false;
	value *= MICRO;
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++)
			value += (*text - '0') * (unit /= 10);
	if (*text != '\0' || value > most)
		return false;
	*micro = negative ? -value : value;
	return true;
}

int place_read(struct place *place, const char *text)
{
	char lat[SLUICE_REGION_PLACE_MAX];
	const char *comma = strchr(text, ',');

	if (comma == NULL || (size_t)(comma - text) >= sizeof(lat))
		return -EINVAL;
	memcpy(lat, text, comma - text);
	lat[comma - text] = '\0';
	if (!degrees_read(lat, LAT_MAX, &place->lat) ||
	    !degrees_read(comma + 1, LON_MAX, &place->lon))
		return -EINVAL;
	place->known = true;
	return 0;
}

/* An address of the wanted family, or nothing. */
static bool address_read(const char *text, bool v4, struct sluice_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (*text == '\0')
		return true;
	return addr_parse(addr, text, NULL) == 0 && addr_is_v4(addr) == v4;
}

static bool http_is_valid(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr("._-:[]", *text) == NULL)
			return false;
	return true;
}

static bool state_read(const char *text, uint32_t *state)
{
	for (*state = 0; node_state_words[*state] != NULL; ++*state)
		if (strcmp(text, node_state_words[*state]) == 0)
			return true;
	return false;
}

/* -- a record -- */

static bool field_take(struct node_record *record, enum node_field field, const char *text)
{
	uint32_t port;

	switch (field) {
	case NODE_SEQ:
		return number_read(text, UINT64_MAX, &record->seq);
	case NODE_REGION:
		if (!name_is_valid(text, strlen(text), sizeof(record->region)))
			return false;
		strcpy(record->region, text);
		return true;
	case NODE_ADDR4:
		return address_read(text, true, &record->addr4);
	case NODE_ADDR6:
		return address_read(text, false, &record->addr6);
	case NODE_TURN:
		if (!number32_read(text, UINT16_MAX, &port) || port == 0)
			return false;
		record->addr4.port = record->addr6.port = htons(port);
		return true;
	case NODE_HTTP:
		if (strlen(text) >= sizeof(record->http) || !http_is_valid(text))
			return false;
		strcpy(record->http, text);
		return true;
	case NODE_STATE:
		return state_read(text, &record->state);
	case NODE_LOAD_PPM:
		return number32_read(text, UINT32_MAX, &record->load_ppm);
	case NODE_CAPACITY_PPS:
		return number_read(text, UINT64_MAX, &record->capacity_pps);
	case NODE_ALLOCATIONS:
		return number32_read(text, UINT32_MAX, &record->allocations);
	case NODE_STREAMS:
		return number32_read(text, UINT32_MAX, &record->streams);
	case NODE_STARTED:
		return number_read(text, UINT64_MAX, &record->started);
	default:
		return true;
	}
}

static bool place_take(struct node_record *record, const char *lat, const char *lon)
{
	if (*lat == '\0' && *lon == '\0')
		return true;
	record->place.known = true;
	return degrees_read(lat, LAT_MAX, &record->place.lat) &&
	       degrees_read(lon, LON_MAX, &record->place.lon);
}

/* A family that the node does not serve has no port either. */
static void ports_clear(struct node_record *record)
{
	struct sluice_addr *addrs[] = {&record->addr4, &record->addr6};
	static const uint8_t none[16];

	for (int i = 0; i < 2; i++)
		if (memcmp(addrs[i]->ip, none, sizeof(none)) == 0)
			addrs[i]->port = 0;
}

int node_read(struct node_record *record, const char *id, size_t id_length,
              const struct node_value values[NODE_FIELDS], const char **field)
{
	char texts[NODE_FIELDS][NODE_VALUE_MAX];

	memset(record, 0, sizeof(*record));
	*field = "id";
	if (!name_is_valid(id, id_length, sizeof(record->id)))
		return -EINVAL;
	memcpy(record->id, id, id_length);
	for (int i = 0; i < NODE_FIELDS; i++) {
		const struct node_value *value = &values[i];

		*field = node_fields[i];
		if (value->bytes == NULL || value->length >= sizeof(texts[i]) ||
		    memchr(value->bytes, '\0', value->length) != NULL)
			return -EINVAL;
		memcpy(texts[i], value->bytes, value->length);
		texts[i][value->length] = '\0';
		if (!field_take(record, i, texts[i]))
			return -EINVAL;
	}
	*field = "lat";
	if (!place_take(record, texts[NODE_LAT], texts[NODE_LON]))
		return -EINVAL;
	ports_clear(record);
	return 0;
}

/* -- and back -- */

static void address_write(const struct sluice_addr *addr, char *text)
{
	text[0] = '\0';
	if (addr_is_zero(addr))
		return;
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->ip + 12, text, NODE_VALUE_MAX);
	else
		inet_ntop(AF_INET6, addr->ip, text, NODE_VALUE_MAX);
}

static void degrees_write(const struct place *place, int32_t micro, char *text)
{
	int64_t value = micro < 0 ? -(int64_t)micro : micro;

	text[0] = '\0';
	if (place->known)
		snprintf(text, NODE_VALUE_MAX, "%s%d.%06d", micro < 0 ? "-" : "",
		         (int)(value / MICRO), (int)(value % MICRO));
}

static void number_write(uint64_t number, char *text)
{
	snprintf(text, NODE_VALUE_MAX, "%lu", (unsigned long)number);
}

void node_write(const struct node_record *record, char texts[NODE_FIELDS][NODE_VALUE_MAX])
{
	uint16_t port = record->addr4.port != 0 ? record->addr4.port : record->addr6.port;

	number_write(record->seq, texts[NODE_SEQ]);
	snprintf(texts[NODE_REGION], NODE_VALUE_MAX, "%s", record->region);
	address_write(&record->addr4, texts[NODE_ADDR4]);
	address_write(&record->addr6, texts[NODE_ADDR6]);
	number_write(port != 0 ? ntohs(port) : 3478, texts[NODE_TURN]);
	snprintf(texts[NODE_HTTP], NODE_VALUE_MAX, "%s", record->http);
	snprintf(texts[NODE_STATE], NODE_VALUE_MAX, "%s",
	         node_state_words[record->state % (SLUICE_NODE_STOPPED + 1)]);
	number_write(record->load_ppm, texts[NODE_LOAD_PPM]);
	number_write(record->capacity_pps, texts[NODE_CAPACITY_PPS]);
	number_write(record->allocations, texts[NODE_ALLOCATIONS]);
	number_write(record->streams, texts[NODE_STREAMS]);
	degrees_write(&record->place, record->place.lat, texts[NODE_LAT]);
	degrees_write(&record->place, record->place.lon, texts[NODE_LON]);
	number_write(record->started, texts[NODE_STARTED]);
}
