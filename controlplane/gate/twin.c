/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate of the dataplane's workers gets what the maps get. */
#include "gate/state.h"

#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

static struct gate_compiled compiled_make(const struct gate_keeper *keeper)
{
	const struct gate_settings *settings = &keeper->settings;
	struct gate_compiled compiled = {
	        .config = gate_settings_compile(settings, keeper->challenge, keeper->discovery),
	        .denied = settings->lists[SLUICE_GATE_DENY].count,
	        .trusted = settings->lists[SLUICE_GATE_TRUST].count,
	        .xdp = keeper->written.mode != GATE_MODE_UNSET,
	};

	memcpy(compiled.config.nonce, keeper->keys.ring, sizeof(compiled.config.nonce));
	compiled.config.nonce_current = keeper->keys.current;
	compiled.config.nonce_since = keeper->keys.since;
	return compiled;
}

static bool list_put(int fd, const struct gate_list *list)
{
	ssize_t size = list->count * sizeof(list->keys[0]);

	return write(fd, list->keys, size) == size;
}

/* A memfd of both lists, or -errno. */
static int lists_pack(const struct gate_settings *settings)
{
	int fd = memfd_create("sluice gate", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (list_put(fd, &settings->lists[SLUICE_GATE_DENY]) &&
	    list_put(fd, &settings->lists[SLUICE_GATE_TRUST]))
		return fd;
	close(fd);
	return -ENOMEM;
}

static int compiled_ask(struct gate_keeper *keeper, const struct gate_compiled *compiled,
                        dataplane_answered_fn *answered)
{
	bool passes = compiled->denied + compiled->trusted > 0;
	int lists = passes ? lists_pack(&keeper->settings) : -1, ret;

	if (passes && lists < 0)
		return lists;
	ret = dataplane_ask(keeper->client,
	                    &(struct dataplane_ask){
	                            .type = SLUICE_GATE_SET,
	                            .body = compiled,
	                            .length = sizeof(*compiled),
	                            .passed = passes ? &lists : NULL,
	                            .early = true,
	                            .answered = answered,
	                            .arg = keeper,
	                    },
	                    NULL);
	if (passes)
		close(lists);
	if (ret != 0)
		return ret;
	keeper->told = *compiled;
	keeper->told_lists = keeper->lists;
	return 0;
}

void twin_forget(struct gate_keeper *keeper)
{
	explicit_bzero(&keeper->told, sizeof(keeper->told));
}

static void on_told(void *arg, const struct dataplane_answer *answer)
{
	struct gate_keeper *keeper = arg;
	char why[2 * SLUICE_API_ERROR_MAX];

	if (answer->lost || answer->status == 0)
		return;
	answer_text(answer, why, sizeof(why));
	log_error(SLUICE_LOG_GATE, "gate: the dataplane refuses its configuration: %s", why);
	twin_forget(keeper);
}

int twin_ask(struct gate_keeper *keeper, dataplane_answered_fn *answered)
{
	struct gate_compiled compiled = compiled_make(keeper);
	int ret = keeper->client != NULL ? compiled_ask(keeper, &compiled, answered) : -ENOTCONN;

	explicit_bzero(&compiled, sizeof(compiled));
	return ret;
}

void twin_tell(struct gate_keeper *keeper)
{
	struct gate_compiled compiled = compiled_make(keeper);

	if (keeper->client != NULL && (memcmp(&compiled, &keeper->told, sizeof(compiled)) != 0 ||
	                               keeper->lists != keeper->told_lists))
		compiled_ask(keeper, &compiled, on_told);
	explicit_bzero(&compiled, sizeof(compiled));
}
