/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificate/keeper.h"

#include "certificate/file.h"
#include "common/log.h"
#include "common/refuse.h"
#include "config/own.h"
#include "dataplane/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

/* How often the files are looked at. */
static const struct timeval interval = {.tv_sec = 2};

struct certificates {
	uint32_t count;
	struct sluice_turn_certificate lines[SLUICE_TURN_CERTIFICATES_MAX];
};

struct certificate_keeper {
	struct dataplane_client *client;
	struct event *timer;
	struct certificates now, before; /* before: what is in force while others are obeyed */
	bool changed;                    /* `before` is set */
	/* of the files, certificate and key, as they were when they were read */
	struct file_stamp stamps[SLUICE_TURN_CERTIFICATES_MAX][2];
	uint32_t asked; /* answers that are still to come */
	bool again;     /* and then all is to be told once more */
	int status;     /* of the first answer that was none */
	char why[SLUICE_API_ERROR_MAX];
	own_done_fn *done; /* a change of the configuration waits for the answers */
	void *done_arg;
};

/* -- to the dataplane -- */

static void all_tell(struct certificate_keeper *keeper);

static void change_end(struct certificate_keeper *keeper, int status)
{
	own_done_fn *done = keeper->done;

	if (keeper->changed && status != 0) {
		keeper->now = keeper->before;
		keeper->again = true;
	}
	keeper->changed = false;
	keeper->done = NULL;
	if (done != NULL)
		done(keeper->done_arg, status, keeper->why);
	else if (status != 0)
		log_error(SLUICE_LOG_CONFIG, "turn certificate: the ones before stay: %s",
		          keeper->why);
}

/* All have been answered. */
static void told(struct certificate_keeper *keeper)
{
	change_end(keeper, keeper->status);
	if (!keeper->again)
		return;
	keeper->again = false;
	all_tell(keeper);
}

static void failed(struct certificate_keeper *keeper, int status, const char *why)
{
	if (keeper->status == 0) {
		keeper->status = status;
		snprintf(keeper->why, sizeof(keeper->why), "%s", why);
	}
}

static void on_told(void *arg, const struct dataplane_answer *answer)
{
	struct certificate_keeper *keeper = arg;
	char why[SLUICE_API_ERROR_MAX];

	/* One that has gone is given all when it comes back. */
	if (!answer->lost && answer->status != 0) {
		answer_text(answer, why, sizeof(why));
		failed(keeper, answer->status, why);
	}
	if (--keeper->asked == 0)
		told(keeper);
}

static int put_ask(struct certificate_keeper *keeper, const struct sluice_turn_certificate_put *put)
{
	int error = keeper->client == NULL
	                    ? -ENOTCONN
	                    : dataplane_ask(keeper->client,
	                                    &(struct dataplane_ask){
	                                            .type = SLUICE_TURN_CERTIFICATE_PUT,
	                                            .body = put,
	                                            .length = sizeof(*put),
	                                            .early = true,
	                                            .answered = on_told,
	                                            .arg = keeper,
	                                    },
	                                    NULL);

	keeper->asked += error == 0;
	return error;
}

static int one_tell(struct certificate_keeper *keeper, struct sluice_turn_certificate_put *put)
{
	const struct sluice_turn_certificate *line = &keeper->now.lines[put->index];
	char why[SLUICE_API_ERROR_MAX];
	int error;

	if (put->count != 0) {
		file_stamp_take(&keeper->stamps[put->index][0], line->file);
		file_stamp_take(&keeper->stamps[put->index][1], line->key);
		error = certificate_read(line, put, why);
		if (error != 0) {
			failed(keeper, error, why);
			return error;
		}
	}
	error = put_ask(keeper, put);
	if (error != 0 && error != -ENOTCONN)
		failed(keeper, error, "the dataplane cannot be told");
	return error;
}

static void all_tell(struct certificate_keeper *keeper)
{
	struct sluice_turn_certificate_put *put = calloc(1, sizeof(*put));

	keeper->status = 0;
	keeper->why[0] = '\0';
	if (put == NULL) {
		failed(keeper, -ENOMEM, strerror(ENOMEM));
	} else {
		put->count = keeper->now.count;
		do {
			if (one_tell(keeper, put) != 0)
				break;
		} while (++put->index < put->count);
		explicit_bzero(put, sizeof(*put));
		free(put);
	}
	if (keeper->asked == 0)
		change_end(keeper, keeper->status);
}

static void tell(struct certificate_keeper *keeper)
{
	if (keeper->asked == 0)
		all_tell(keeper);
	else
		keeper->again = true;
}

/* -- the lines of the configuration -- */

static void change_begin(struct certificate_keeper *keeper)
{
	if (keeper->changed)
		return;
	keeper->before = keeper->now;
	keeper->changed = true;
}

static struct sluice_turn_certificate *line_find(struct certificates *certificates,
                                                 const char *file)
{
	for (uint32_t i = 0; i < certificates->count; i++)
		if (strcmp(certificates->lines[i].file, file) == 0)
			return &certificates->lines[i];
	return NULL;
}

static int line_remove(struct certificates *certificates, const char *file, char *why)
{
	struct sluice_turn_certificate *line = line_find(certificates, file);

	if (line == NULL)
		return refuse(why, -ENOENT, "no certificate %s", file);
	certificates->count--;
	memmove(line, line + 1,
	        (size_t)(certificates->lines + certificates->count - line) * sizeof(*line));
	return 0;
}

static int line_add(struct certificates *certificates, const struct sluice_turn_certificate *add,
                    char *why)
{
	struct sluice_turn_certificate *line = line_find(certificates, add->file);

	if (line == NULL && certificates->count == SLUICE_TURN_CERTIFICATES_MAX)
		return refuse(why, -ENOSPC, "there are %u certificates, and room for no more",
		              SLUICE_TURN_CERTIFICATES_MAX);
	if (line == NULL)
		line = &certificates->lines[certificates->count++];
	*line = *add;
	return 0;
}

static int line_obey(void *arg, const struct command_request *request, char *why)
{
	struct certificate_keeper *keeper = arg;
	const struct sluice_turn_certificate *line = (const void *)request->body.bytes;

	change_begin(keeper);
	return request->command->type == SLUICE_TURN_CERTIFICATE_DELETE
	               ? line_remove(&keeper->now, line->file, why)
	               : line_add(&keeper->now, line, why);
}

static void commit(void *arg, own_done_fn *done, void *done_arg)
{
	struct certificate_keeper *keeper = arg;

	keeper->done = done;
	keeper->done_arg = done_arg;
	tell(keeper);
}

/* -- the files -- */

static bool files_changed(const struct certificate_keeper *keeper)
{
	struct file_stamp stamps[2];

	for (uint32_t i = 0; i < keeper->now.count; i++) {
		file_stamp_take(&stamps[0], keeper->now.lines[i].file);
		file_stamp_take(&stamps[1], keeper->now.lines[i].key);
		if (!file_stamp_equal(&stamps[0], &keeper->stamps[i][0]) ||
		    !file_stamp_equal(&stamps[1], &keeper->stamps[i][1]))
			return true;
	}
	return false;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct certificate_keeper *keeper = arg;

	if (keeper->asked != 0 || keeper->changed || !files_changed(keeper))
		return;
	log_info(SLUICE_LOG_CONFIG, "turn certificate: the files are read again");
	tell(keeper);
}

void certificate_keeper_refresh(struct certificate_keeper *keeper)
{
	if (keeper->now.count != 0)
		tell(keeper);
}

/* One that is not new may hold what no line names any more. */
void certificate_keeper_greeted(struct certificate_keeper *keeper)
{
	tell(keeper);
}

/* -- life -- */

struct certificate_keeper *certificate_keeper_create(struct event_base *base, struct own *own)
{
	struct certificate_keeper *keeper = calloc(1, sizeof(*keeper));
	const struct own_part part = {.obey = line_obey, .commit = commit, .arg = keeper};

	if (keeper == NULL)
		return NULL;
	keeper->timer = event_new(base, -1, EV_PERSIST, on_timer, keeper);
	if (keeper->timer == NULL || event_add(keeper->timer, &interval) != 0) {
		certificate_keeper_destroy(keeper);
		return NULL;
	}
	own_serve_part(own, SLUICE_TURN_CERTIFICATE_ADD, &part);
	return keeper;
}

void certificate_keeper_serve(struct certificate_keeper *keeper, struct dataplane_client *client)
{
	keeper->client = client;
}

void certificate_keeper_destroy(struct certificate_keeper *keeper)
{
	if (keeper == NULL)
		return;
	if (keeper->timer != NULL)
		event_free(keeper->timer);
	free(keeper);
}
