/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration as a whole: shown, saved, and read again. */
#include "answers/answers.h"

#include "command/command.h"
#include "common/log.h"
#include "config/file.h"
#include "config/running.h"
#include "reload/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_PER_REPLY   16
#define REFUSED_PER_REPLY 16

/* Lines that are being shown. */
struct shown {
	bool secrets;
	uint64_t serial; /* of the last one */
};

static void shown_stop(struct client *client)
{
	free(client->answer);
}

static void shown_begin(struct client *client, bool secrets, void (*next)(struct client *client))
{
	struct shown *shown = calloc(1, sizeof(*shown));

	if (shown == NULL) {
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	shown->secrets = secrets;
	client_answers(client, shown, shown_stop);
	client->next = next;
	next(client);
}

/* -- config show -- */

static void show_next(struct client *client)
{
	const struct running *running = client->options->running;
	struct sluice_config_line lines[LINES_PER_REPLY];
	struct shown *shown = client->answer;
	struct running_line *line = running_after(running, shown->serial);
	uint32_t count;
	bool sent;

	do {
		for (count = 0; line != NULL && count < LINES_PER_REPLY; count++) {
			memset(&lines[count], 0, sizeof(lines[count]));
			command_format(&line->request, shown->secrets, lines[count].text,
			               sizeof(lines[count].text));
			shown->serial = line->serial;
			line = running_next(running, line);
		}
		sent = client_send_rows(client, lines, count * sizeof(lines[0]),
		                        line != NULL ? SLUICE_API_MORE : 0);
	} while (sent && line != NULL);
	explicit_bzero(lines, sizeof(lines));
}

static void answer_config_show(struct client *client, const void *body)
{
	struct sluice_config_show show;

	memcpy(&show, body, sizeof(show));
	shown_begin(client, show.secrets == 1, show_next);
}

/* -- config refused -- */

static struct running_line *refused_from(const struct running *running, struct running_line *line)
{
	while (line != NULL && !line->refused)
		line = running_next(running, line);
	return line;
}

static void refused_next(struct client *client)
{
	const struct running *running = client->options->running;
	struct sluice_config_refused rows[REFUSED_PER_REPLY];
	struct shown *shown = client->answer;
	struct running_line *line = refused_from(running, running_after(running, shown->serial));
	uint32_t count;
	bool sent;

	do {
		memset(rows, 0, sizeof(rows));
		for (count = 0; line != NULL && count < REFUSED_PER_REPLY; count++) {
			command_format(&line->request, false, rows[count].text,
			               sizeof(rows[count].text));
			snprintf(rows[count].why, sizeof(rows[count].why), "%s",
			         line->why != NULL ? line->why : "");
			rows[count].number = line->number;
			shown->serial = line->serial;
			line = refused_from(running, running_next(running, line));
		}
		sent = client_send_rows(client, rows, count * sizeof(rows[0]),
		                        line != NULL ? SLUICE_API_MORE : 0);
	} while (sent && line != NULL);
}

static void answer_config_refused(struct client *client, const void *body)
{
	shown_begin(client, false, refused_next);
}

/* -- config save -- */

/* The lines have other numbers in the file now. */
static void lines_number(struct running *running, const char *path)
{
	struct running *saved = running_create();
	struct config_error error = {0};

	if (saved != NULL && config_load(saved, path, &error) == 0)
		running_arrange(running, saved);
	running_destroy(saved);
}

static void answer_config_save(struct client *client, const void *body)
{
	char why[SLUICE_API_ERROR_MAX];
	int error = config_save(client->options->running, client->options->config, why);

	if (error < 0) {
		client_refuse(client, error, why);
		return;
	}
	lines_number(client->options->running, client->options->config);
	log_info(SLUICE_LOG_CONFIG, "%s: written", client->options->config);
	client_send_rows(client, NULL, 0, 0);
}

/* -- config reload, diff, status -- */

static bool reload_is_there(struct client *client)
{
	if (client->options->reload != NULL)
		return true;
	client_refuse(client, -ENOSYS, "this control plane reads no file");
	return false;
}

static void on_reloaded(void *arg, int status, const char *why,
                        const struct sluice_config_reload *result)
{
	struct client *client = arg;

	client->stop = NULL;
	if (status != 0)
		client_refuse(client, status, why);
	else
		client_send_rows(client, result, sizeof(*result), 0);
}

static void reload_stop(struct client *client)
{
	reload_forget(client->options->reload, client);
}

static void answer_config_reload(struct client *client, const void *body)
{
	if (!reload_is_there(client))
		return;
	if (reload_start(client->options->reload, on_reloaded, client) < 0)
		client_refuse(client, -EBUSY, "the file is being read again already");
	else
		client_answers(client, NULL, reload_stop);
}

/* What is being shown of it. */
struct diff {
	const char *at;
	char text[];
};

static void diff_stop(struct client *client)
{
	struct diff *diff = client->answer;

	explicit_bzero(diff->text, strlen(diff->text));
	free(diff);
}

static void diff_next(struct client *client)
{
	struct sluice_config_line lines[LINES_PER_REPLY];
	struct diff *diff = client->answer;
	uint32_t count;
	bool sent, more;

	do {
		memset(lines, 0, sizeof(lines));
		for (count = 0; *diff->at != '\0' && count < LINES_PER_REPLY; count++) {
			size_t length = strcspn(diff->at, "\n");

			snprintf(lines[count].text, sizeof(lines[count].text), "%.*s", (int)length,
			         diff->at);
			diff->at += length + (diff->at[length] == '\n');
		}
		more = *diff->at != '\0';
		sent = client_send_rows(client, lines, count * sizeof(lines[0]),
		                        more ? SLUICE_API_MORE : 0);
	} while (sent && more);
	explicit_bzero(lines, sizeof(lines));
}

static struct diff *diff_make(char *text)
{
	struct diff *diff = malloc(sizeof(*diff) + strlen(text) + 1);

	if (diff != NULL) {
		strcpy(diff->text, text);
		diff->at = diff->text;
	}
	explicit_bzero(text, strlen(text));
	free(text);
	return diff;
}

static void answer_config_diff(struct client *client, const void *body)
{
	struct sluice_config_show ask;
	char why[SLUICE_API_ERROR_MAX];
	struct diff *diff;
	char *text;
	int status;

	if (!reload_is_there(client))
		return;
	memcpy(&ask, body, sizeof(ask));
	status = reload_diff(client->options->reload, ask.secrets == 1, &text, why);
	if (status < 0) {
		client_refuse(client, status, why);
		return;
	}
	diff = diff_make(text);
	if (diff == NULL) {
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	client_answers(client, diff, diff_stop);
	client->next = diff_next;
	diff_next(client);
}

static void answer_config_status(struct client *client, const void *body)
{
	struct sluice_config_status row;

	if (!reload_is_there(client))
		return;
	reload_status(client->options->reload, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

const struct answer answers_config[] = {
        {SLUICE_CONFIG_SHOW, answer_config_show},
        {SLUICE_CONFIG_SAVE, answer_config_save},
        {SLUICE_CONFIG_RELOAD, answer_config_reload},
        {SLUICE_CONFIG_DIFF, answer_config_diff},
        {SLUICE_CONFIG_REFUSED, answer_config_refused},
        {SLUICE_CONFIG_STATUS, answer_config_status},
        {0},
};
