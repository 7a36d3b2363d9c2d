/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of the configuration that are about regions. */
#include "fleet/state.h"

#include "command/addr.h"
#include "common/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- a region's Redis -- */

static void on_up(void *arg)
{
	struct fleet_region *region = arg;

	/* Its clock and all that it holds may be others now. */
	memset(&region->reading, 0, sizeof(region->reading));
	read_start(region);
	if (strcmp(region->config.name, region->fleet->own.region) != 0)
		return;
	beat_now(region->fleet);
	owners_rebuild(region->fleet->owners);
	fleet_redis_tell(region->fleet);
}

static void on_down(void *arg, const char *why)
{
	struct fleet_region *region = arg;

	region->reading.busy = false;
	fleet_redis_tell(region->fleet);
}

/* "drain ID", "undrain ID", "start ID", "stop ID" on one channel, a session's name on the other. */
static void on_message(void *arg, const char *channel, const char *text, size_t length)
{
	struct fleet_region *region = arg;
	const char *space = memchr(text, ' ', length);
	char events[FLEET_KEY_MAX];

	fleet_key(events, region->config.name, KEY_EVENTS, NULL);
	if (strcmp(channel, events) != 0)
		owners_claim(region->fleet->owners, text, length);
	else if (space != NULL)
		read_node(region, space + 1, length - (space + 1 - text));
}

static bool region_has_redis(const struct fleet_region *region)
{
	return region->config.hosts[0] != '\0' || !addr_is_zero(&region->config.redis);
}

static struct redis_options region_options(struct fleet_region *region)
{
	return (struct redis_options){
	        .base = region->fleet->options.base,
	        .names = region->fleet->names,
	        .region = region->config,
	        .message = on_message,
	        .arg = region,
	};
}

/* What others say to all, and to this node. */
static int region_listen(struct fleet_region *region)
{
	struct redis_options options = region_options(region);
	struct redis *before = region->events;

	region->events = NULL;
	redis_destroy(before);
	options.quiet = true;
	fleet_key(options.channels[0], region->config.name, KEY_EVENTS, NULL);
	if (fleet_is_set(region->fleet))
		fleet_key(options.channels[1], region->config.name, KEY_CLAIMS,
		          region->fleet->own.id);
	region->events = redis_create(&options);
	return region->events != NULL ? 0 : -ENOMEM;
}

static int region_connect(struct fleet_region *region)
{
	struct redis_options options = region_options(region);

	if (!region_has_redis(region))
		return 0;
	options.up = on_up;
	options.down = on_down;
	region->commands = redis_create(&options);
	return region->commands != NULL ? region_listen(region) : -ENOMEM;
}

static void region_disconnect(struct fleet_region *region)
{
	struct redis *commands = region->commands, *events = region->events;

	/* What waits is answered meanwhile, and must not ask again. */
	region->commands = region->events = NULL;
	redis_destroy(commands);
	redis_destroy(events);
	memset(&region->reading, 0, sizeof(region->reading));
}

/* -- regions -- */

static struct fleet_region *region_make(struct fleet *fleet, const char *name)
{
	struct fleet_region *region = fleet_region_find(fleet, name);

	if (region != NULL || fleet->n_regions == SLUICE_REGIONS_MAX)
		return region;
	region = calloc(1, sizeof(*region));
	if (region == NULL)
		return NULL;
	region->fleet = fleet;
	snprintf(region->config.name, sizeof(region->config.name), "%.*s",
	         (int)sizeof(region->config.name) - 1, name);
	fleet->regions[fleet->n_regions++] = region;
	return region;
}

static uint32_t commas(const char *text)
{
	uint32_t count = 0;

	while ((text = strchr(text, ',')) != NULL) {
		count++;
		text++;
	}
	return count;
}

/* What hangs on another word of the line. 0, or -EINVAL with a line in `why`. */
static int region_check(const struct sluice_region_add *config, char *why)
{
	if (commas(config->hosts) >= SLUICE_REDIS_HOSTS)
		return refuse(why, -EINVAL, "redis: %d hosts at most", SLUICE_REDIS_HOSTS);
	if (config->tls == 0 && (config->ca[0] != '\0' || config->cert[0] != '\0' ||
	                         config->key[0] != '\0' || config->server[0] != '\0'))
		return refuse(why, -EINVAL, "ca, cert, key and server are nothing without tls");
	if ((config->cert[0] == '\0') != (config->key[0] == '\0'))
		return refuse(why, -EINVAL, "cert and key come together");
	if (config->sentinel[0] == '\0' &&
	    (config->sentinel_user[0] != '\0' || config->sentinel_password[0] != '\0'))
		return refuse(why, -EINVAL,
		              "sentinel-user and sentinel-password are nothing without sentinel");
	return 0;
}

static int region_add(struct fleet *fleet, const struct sluice_region_add *config, char *why)
{
	struct fleet_region *region;
	struct place place = {0};

	if (config->place[0] != '\0' && place_read(&place, config->place) != 0) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "at: expected LAT,LON in degrees, as in 52.52,13.405");
		return -EINVAL;
	}
	if (region_check(config, why) < 0)
		return -EINVAL;
	region = region_make(fleet, config->name);
	if (region == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "there are %u regions already",
		         fleet->n_regions);
		return -ENOSPC;
	}
	view_region_set(fleet->view, config->name, &place);
	if (region->commands != NULL && memcmp(&region->config, config, sizeof(*config)) == 0)
		return 0;
	region_disconnect(region);
	region->config = *config;
	return region_connect(region);
}

static void region_forget(struct fleet *fleet, struct fleet_region *region)
{
	uint32_t i = 0;

	view_region_remove(fleet->view, region->config.name);
	while (fleet->regions[i] != region)
		i++;
	fleet->regions[i] = fleet->regions[--fleet->n_regions];
	free(region);
}

/* Our own stays, without its Redis: this node is in it. */
static int region_delete(struct fleet *fleet, const char *name)
{
	struct fleet_region *region = fleet_region_find(fleet, name);

	if (region == NULL || !region_has_redis(region))
		return -ENOENT;
	region_disconnect(region);
	if (strcmp(name, fleet->own.region) == 0) {
		memset(&region->config, 0, sizeof(region->config));
		snprintf(region->config.name, sizeof(region->config.name), "%s", fleet->own.region);
		return 0;
	}
	region_forget(fleet, region);
	return 0;
}

/* -- this node -- */

static bool http_is_written_well(const char *text)
{
	for (; *text != '\0'; text++)
		if (strspn(text, "._-:[]") == 0 && !(*text >= '0' && *text <= '9') &&
		    !((*text | 32) >= 'a' && (*text | 32) <= 'z'))
			return false;
	return true;
}

static int node_set(struct fleet *fleet, const struct sluice_node_set *node, char *why)
{
	static const struct place nowhere;
	bool renamed = strcmp(fleet->own.id, node->id) != 0 ||
	               strcmp(fleet->own.region, node->region) != 0;

	if (!http_is_written_well(node->http)) {
		snprintf(why, SLUICE_API_ERROR_MAX, "http: expected HOST:PORT");
		return -EINVAL;
	}
	if (fleet_region_find(fleet, node->region) == NULL) {
		if (region_make(fleet, node->region) == NULL)
			return -ENOMEM;
		view_region_set(fleet->view, node->region, &nowhere);
	}
	fleet->own = *node;
	view_own_set(fleet->view, node->region, node->id);
	/* The channel of its claims has its name. */
	for (uint32_t i = 0; renamed && i < fleet->n_regions; i++) {
		region_disconnect(fleet->regions[i]);
		if (region_connect(fleet->regions[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The connection on which its last word goes stays. */
static void node_unset(struct fleet *fleet)
{
	struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);

	beat_farewell(fleet);
	memset(&fleet->own, 0, sizeof(fleet->own));
	view_own_set(fleet->view, "", "");
	if (region != NULL && !region_has_redis(region))
		region_forget(fleet, region);
	for (uint32_t i = 0; i < fleet->n_regions; i++)
		if (region_has_redis(fleet->regions[i]))
			(void)!region_listen(
			        fleet->regions[i]); /* without memory it hears nothing */
	fleet->renew(fleet);
	fleet_redis_tell(fleet);
}

void fleet_unset(void *arg, const struct command_request *request)
{
	struct fleet *fleet = arg;

	if (request->command->type == SLUICE_NODE_SET && fleet_is_set(fleet))
		node_unset(fleet);
}

int fleet_obey(void *arg, const struct command_request *request, char *why)
{
	const struct sluice_region_distance *distance = (const void *)request->body.bytes;
	const struct sluice_region_delete *delete = (const void *)request->body.bytes;
	struct fleet *fleet = arg;
	int status = -ENOSYS;

	switch (request->command->type) {
	case SLUICE_REGION_ADD:
		status = region_add(fleet, (const void *)request->body.bytes, why);
		break;
	case SLUICE_REGION_DELETE:
		status = region_delete(fleet, delete->name);
		break;
	case SLUICE_REGION_DISTANCE_ADD:
		status = view_distance_set(fleet->view, distance->from, distance->to, distance->km);
		break;
	case SLUICE_REGION_DISTANCE_DELETE:
		status = view_distance_set(fleet->view, distance->from, distance->to, SNAPSHOT_FAR);
		break;
	case SLUICE_NODE_SET:
		status = node_set(fleet, (const void *)request->body.bytes, why);
		break;
	}
	fleet_redis_tell(fleet); /* perhaps it has another one */
	if (status < 0 && why[0] == '\0')
		snprintf(why, SLUICE_API_ERROR_MAX, "%s", strerror(-status));
	return status;
}
