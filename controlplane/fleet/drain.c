/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draining: new work is turned away, present work stays until its end or the bound. The state is a
 * file below /run, with a time of the boot's clock: it outlives the control plane, and neither the
 * host nor `undrain`.
 */
#include "fleet/state.h"
#include "common/clock.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -- the file -- */

static int drain_save(const struct fleet *fleet)
{
	char fresh[FLEET_PATH_MAX + 4];
	FILE *file;
	int error = 0;

	if (!fleet->drain.on)
		return unlink(fleet->drain_path) != 0 && errno != ENOENT ? -errno : 0;
	snprintf(fresh, sizeof(fresh), "%s.new", fleet->drain_path);
	file = fopen(fresh, "w");
	if (file == NULL)
		return -errno;
	if (fprintf(file, "%lu\n", (unsigned long)fleet->drain.until_ms) < 0)
		error = -EIO;
	if (fclose(file) != 0 && error == 0)
		error = -errno;
	if (error == 0 && rename(fresh, fleet->drain_path) != 0)
		error = -errno;
	return error;
}

void drain_load(struct fleet *fleet)
{
	FILE *file = fopen(fleet->drain_path, "r");
	unsigned long until;

	if (file == NULL)
		return;
	if (fscanf(file, "%lu", &until) == 1) {
		fleet->drain = (struct drain){.on = true, .until_ms = until};
		log_info(SLUICE_LOG_REGION, "draining, as before this control plane started");
	} else {
		log_warning(SLUICE_LOG_REGION, "%s: damaged; not draining", fleet->drain_path);
	}
	fclose(file);
}

/* -- changes -- */

static int drain_set(struct fleet *fleet, const struct drain *drain, char *why)
{
	const struct drain before = fleet->drain;
	int error;

	fleet->drain = *drain;
	error = drain_save(fleet);
	if (error < 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "%.200s: %s", fleet->drain_path,
		         strerror(-error));
		fleet->drain = before;
		return error;
	}
	load_end_allocations(fleet->load, false);
	fleet_renew(fleet);
	fleet_tell(fleet);
	beat_event(fleet, drain->on ? "drain" : "undrain");
	return 0;
}

int fleet_drain(struct fleet *fleet, uint32_t seconds, char *why)
{
	const struct drain drain = {
	        .on = true,
	        .until_ms = seconds > 0 ? clock_ms(CLOCK_BOOTTIME) + seconds * 1000ull : 0,
	};
	int error = drain_set(fleet, &drain, why);

	if (error == 0 && seconds > 0)
		log_info(SLUICE_LOG_REGION, "draining; what is left in %u s is ended", seconds);
	else if (error == 0)
		log_info(SLUICE_LOG_REGION, "draining");
	return error;
}

int fleet_undrain(struct fleet *fleet, char *why)
{
	const struct drain drain = {0};
	int error = drain_set(fleet, &drain, why);

	if (error == 0)
		log_info(SLUICE_LOG_REGION, "draining no more");
	return error;
}

void drain_follow(struct fleet *fleet)
{
	struct drain *drain = &fleet->drain;
	struct load_now load;

	if (!drain->on || drain->ended || drain->until_ms == 0 ||
	    clock_ms(CLOCK_BOOTTIME) < drain->until_ms)
		return;
	load_get(fleet->load, &load);
	if (!load.known) /* it has to be there to be ended */
		return;
	drain->ended = true;
	log_info(SLUICE_LOG_REGION, "the drain's time is over: %u allocations are ended",
	         load.allocations);
	load_end_allocations(fleet->load, true);
}
