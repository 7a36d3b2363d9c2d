/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/gate_map.h"
#include "dataplane.h"
#include "gate_maps.h"
#include "ufrag.h"
#include "common/log.h"
#include "net/port.h"
#include "net/service.h"
#include "net/xdp/port.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int map_open(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), GATE_PIN_DIR "/" GATE_PIN_PREFIX "%s", name);
	return bpf_obj_get(path);
}

static struct gate_service_key service_key(const struct service *service)
{
	struct gate_service_key key = {.port = rte_cpu_to_be_16(service->first_port)};

	memcpy(key.ip, service->ip.bytes, sizeof(key.ip));
	return key;
}

/* The first `length` bytes of a service's key are the map's key. */
static bool is_listed(const void *key, size_t length, const struct service *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct gate_service_key wanted = service_key(&list[i]);

		if (memcmp(&wanted, key, length) == 0)
			return true;
	}
	return false;
}

/* Keys of the map that no service has any more. */
static void map_sweep(int map, size_t length, const struct service *list, uint32_t count)
{
	struct gate_service_key key, next;
	bool more = bpf_map_get_next_key(map, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(map, &key, &next) == 0;
		if (!is_listed(&key, length, list, count))
			bpf_map_delete_elem(map, &key);
	}
}

static enum gate_service listener_kind(const struct service *service)
{
	if (service->kind == SERVICE_TURN)
		return service->session != 0 ? GATE_SERVICE_BOTH : GATE_SERVICE_TURN;
	return service->kind == SERVICE_SESSION ? GATE_SERVICE_SESSION : GATE_SERVICE_OTHER;
}

static int listeners_sync(int map, const struct service *list, uint32_t count)
{
	int ret = 0;

	map_sweep(map, sizeof(struct gate_service_key), list, count);
	for (uint32_t i = 0; i < count && ret == 0; i++) {
		struct gate_service_key key = service_key(&list[i]);
		uint32_t kind = listener_kind(&list[i]);

		if (list[i].kind != SERVICE_RELAY)
			ret = bpf_map_update_elem(map, &key, &kind, BPF_ANY);
	}
	return ret;
}

/* What stands in the list for the address of list[first]; it is sorted by address. */
static struct gate_address address_value(const struct service *list, uint32_t first, uint32_t count)
{
	struct gate_address value = {0};
	uint32_t listeners = 0, ranges = 0;

	for (uint32_t i = first; i < count && ip_addr_equal(&list[i].ip, &list[first].ip); i++) {
		if (list[i].kind == SERVICE_RELAY) {
			if (ranges < GATE_RANGES_MAX) /* RELAY_RANGES_MAX are no more */
				value.ranges[ranges++] = (struct gate_relayed){list[i].first_port,
				                                               list[i].last_port};
		} else if (list[i].kind != SERVICE_TURN || listeners == GATE_LISTENERS_MAX) {
			value.more |= GATE_MORE_SERVICES;
		} else {
			if (list[i].session != 0)
				value.more |= GATE_MORE_SHARED(listeners);
			value.listeners[listeners++] = rte_cpu_to_be_16(list[i].first_port);
		}
	}
	return value;
}

/* Its places are written where they lie: a reader meanwhile may take an address for nobody's. */
static int near_sync(int map, const struct service *list, uint32_t count)
{
	struct gate_near *near = calloc(GATE_NEAR, sizeof(*near));
	int ret = near != NULL ? 0 : -1;

	for (uint32_t i = 0; i < count && ret == 0; i++) {
		struct gate_address value = address_value(list, i, count);
		const __u64 ip[2] = {list[i].ip.quads[0], list[i].ip.quads[1]};

		if (i == 0 || !ip_addr_equal(&list[i].ip, &list[i - 1].ip))
			gate_near_put(near, ip, &value);
	}
	for (uint32_t i = 0; i < GATE_NEAR && ret == 0; i++)
		ret = bpf_map_update_elem(map, &i, &near[i], BPF_ANY);
	free(near);
	return ret;
}

static int addresses_sync(int map, const struct service *list, uint32_t count)
{
	int ret = 0;

	map_sweep(map, sizeof(list[0].ip), list, count);
	for (uint32_t i = 0; i < count && ret == 0; i++) {
		struct gate_address value = address_value(list, i, count);

		if (i == 0 || !ip_addr_equal(&list[i].ip, &list[i - 1].ip))
			ret = bpf_map_update_elem(map, list[i].ip.bytes, &value, BPF_ANY);
	}
	return ret;
}

static void map_sync(const char *name,
                     int (*sync)(int map, const struct service *list, uint32_t count),
                     const struct service *list, uint32_t count)
{
	int map = map_open(name);

	if (map < 0)
		return;
	if (sync(map, list, count) != 0)
		log_error(SLUICE_LOG_GATE, "gate: the map of %s cannot be written: %s", name,
		          strerror(errno));
	close(map);
}

/* By whose key sessions' checks are told; it is there before any of their ports. */
static void ufrags_sync(const struct gate_ufrags *ufrags)
{
	int map = ufrags != NULL ? map_open("ufrags") : -1;
	uint32_t zero = 0;

	if (map < 0)
		return;
	if (bpf_map_update_elem(map, &zero, ufrags, BPF_ANY) != 0)
		log_error(SLUICE_LOG_GATE, "gate: the map of ufrags cannot be written: %s",
		          strerror(errno));
	close(map);
}

void gate_map_sync(const struct dataplane *dp)
{
	const struct services *services = dp->services;

	if (dp->ports == NULL || dp->ports->xdp == 0 || dp->ports->inherited)
		return;
	ufrags_sync(dp->ufrags);
	map_sync("addresses", addresses_sync, services->list, services->count);
	map_sync("near", near_sync, services->list, services->count);
	map_sync("services", listeners_sync, services->list, services->count);
}

static bool is_pinned_map(const struct bpf_map *map)
{
	return strncmp(bpf_map__name(map), GATE_PIN_PREFIX, strlen(GATE_PIN_PREFIX)) == 0;
}

/* How many of the program's maps have got their names back. */
static uint32_t program_pin(const struct bpf_object *object)
{
	char path[sizeof(GATE_PIN_DIR) + 1 + NAME_MAX];
	struct bpf_map *map;
	uint32_t pinned = 0;

	bpf_object__for_each_map(map, object)
	{
		if (!is_pinned_map(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", GATE_PIN_DIR, bpf_map__name(map));
		if (access(path, F_OK) != 0 && bpf_obj_pin(bpf_map__fd(map), path) == 0)
			pinned++;
	}
	return pinned;
}

void gate_map_heal(const struct dataplane *dp)
{
	const struct ports *ports = dp->ports;
	uint32_t pinned = 0;

	for (uint16_t i = 0; ports != NULL && ports->xdp != 0 && i < ports->count; i++)
		if (ports->table[i].used && ports->table[i].xdp != NULL &&
		    ports->table[i].xdp->program.object != NULL)
			pinned += program_pin(ports->table[i].xdp->program.object);
	if (pinned == 0)
		return;
	log_warning(SLUICE_LOG_GATE,
	            "gate: %u maps had been removed from " GATE_PIN_DIR ": they are there again",
	            pinned);
	gate_map_sync(dp);
}

void gate_map_unpin(void)
{
	char path[sizeof(GATE_PIN_DIR) + 1 + NAME_MAX];
	DIR *pins = opendir(GATE_PIN_DIR);
	const struct dirent *pin;

	if (pins == NULL)
		return;
	while ((pin = readdir(pins)) != NULL) {
		if (strncmp(pin->d_name, GATE_PIN_PREFIX, strlen(GATE_PIN_PREFIX)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", GATE_PIN_DIR, pin->d_name);
		unlink(path);
	}
	closedir(pins);
}
