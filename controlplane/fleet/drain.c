/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draining: new work is turned away, present work stays until its end or the bound. The state is a
 * file below /run, with a time of the boot's clock: it outlives the control plane, and neither the
 * host nor `undrain`.
 */
#include "fleet/state.h"

#include "common/clock.h"
#include "common/log.h"
#include "dataplane/ask.h"

#include <sluice/turn.h>

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

/* -- its end -- */

static void ending_stop(struct fleet *fleet)
{
	if (fleet->ending != NULL)
		question_forget(fleet->ending);
	fleet->ending = NULL;
}

static void on_ended(void *arg, const struct dataplane_answer *answer)
{
	struct sluice_allocation_ended ended;
	struct fleet *fleet = arg;

	if (answer->flags & SLUICE_API_MORE)
		return;
	fleet->ending = NULL;
	fleet->drain.ended = answer->status == 0 && answer->length == sizeof(ended);
	if (!fleet->drain.ended) /* asked again */
		return;
	memcpy(&ended, answer->body, sizeof(ended));
	log_info(SLUICE_LOG_REGION, "the drain's time is over: %u allocations have been ended",
	         ended.count);
}

void drain_follow(struct fleet *fleet)
{
	const struct drain *drain = &fleet->drain;
	const struct dataplane_ask ask = {
	        .type = SLUICE_ALLOCATION_END,
	        .apart = true,
	        .answered = on_ended,
	        .arg = fleet,
	};

	if (!drain->on || drain->ended || drain->until_ms == 0 ||
	    clock_ms(CLOCK_BOOTTIME) < drain->until_ms || fleet->client == NULL ||
	    fleet->ending != NULL)
		return;
	/* It has to be there to be ended: else at the next tick. */
	dataplane_ask(fleet->client, &ask, &fleet->ending);
}

void drain_destroy(struct fleet *fleet)
{
	ending_stop(fleet);
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
	ending_stop(fleet);
	return 0;
}

int drain_begin(struct fleet *fleet, uint32_t seconds, char *why)
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

int drain_end(struct fleet *fleet, char *why)
{
	const struct drain drain = {0};
	int error = drain_set(fleet, &drain, why);

	if (error == 0)
		log_info(SLUICE_LOG_REGION, "draining no more");
	return error;
}
