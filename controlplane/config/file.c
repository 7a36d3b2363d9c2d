/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/file.h"

#include "command/text.h"
#include "common/log.h"
#include "common/turn_merge.h"
#include "config/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#define MODE_NEW 0600 /* there are passwords in it */
#define HEADING  "# Written by `sluicectl config save`.\n"

/* -- reading -- */

static int refuse(struct config_error *error, const char *why)
{
	memset(&error->error, 0, sizeof(error->error));
	snprintf(error->error.text, sizeof(error->error.text), "%s", why);
	return -EINVAL;
}

/* Lines that are no commands, on their way to the command that follows them. */
struct comment {
	char *text;
	size_t length;
};

/* Files that are being read, one that includes the others. */
struct load {
	struct running *running;
	const char *path;  /* of this file */
	uint32_t included; /* the line of the configuration that includes it; 0: it is the
	                      configuration */
	struct comment *comment;
	struct config_error *error;
};

/* Limits may be given by several lines, of the configuration or of what it includes. */
static bool quotas_agree(const struct running_line *line, const struct command_request *request)
{
	return request->command->type == SLUICE_TURN_QUOTA_SET &&
	       !quota_contradicts((const void *)line->request.body.bytes,
	                          (const void *)request->body.bytes);
}

/*
 * A repetition harms nobody; two lines that contradict each other are a mistake, but that the
 * configuration itself goes before what it includes. *passed: this line does not hold.
 */
static int line_check(const struct load *load, const struct command_request *request, bool *passed)
{
	const struct running_line *line = running_find(load->running, request);
	char why[128];

	*passed = false;
	if (command_kind(request->command) != REQUEST_ADD &&
	    command_kind(request->command) != REQUEST_SET)
		return refuse(load->error,
		              "this command configures nothing: expected is one that adds or sets");
	if (line == NULL)
		return 0;
	*passed = load->included != 0 && !line->included;
	if (*passed || (load->included == 0 && line->included) || quotas_agree(line, request) ||
	    memcmp(&line->request.body, &request->body, request->length) == 0)
		return 0;
	snprintf(why, sizeof(why), "line %u says otherwise", line->number);
	return refuse(load->error, why);
}

static int comment_grow(struct comment *comment, const char *text, size_t length)
{
	char *grown = realloc(comment->text, comment->length + length + 1);

	if (grown == NULL)
		return -ENOMEM;
	comment->text = grown;
	memcpy(grown + comment->length, text, length);
	comment->length += length;
	if (length > 0 && text[length - 1] != '\n')
		grown[comment->length++] = '\n';
	return 0;
}

static size_t without_end(const char *text, size_t length)
{
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	return length;
}

static bool includes(const char *text);
static int include_load(struct load *load, const char *text);

/* A line that holds, with the comment that goes before it. */
static int line_keep(struct load *load, const struct command_request *request, const char *text,
                     size_t length)
{
	bool included = load->included != 0;
	const struct running_line *there = running_find(load->running, request);
	struct command_request merged = *request;
	struct running_line *line;

	if (there != NULL && there->included == included && quotas_agree(there, request)) {
		running_line_request(there, &merged);
		quota_merge((void *)merged.body.bytes, (const void *)request->body.bytes);
	}
	line = running_put(load->running, &merged, included ? load->included : load->error->line);
	explicit_bzero(&merged, sizeof(merged));

	if (line == NULL)
		return -ENOMEM;
	running_source(line, request->from_file ? text : NULL, without_end(text, length), included);
	if (included)
		return 0;
	if (line->comment == NULL)
		running_comment(load->running, line, load->comment->text, load->comment->length);
	load->comment->length = 0;
	return 0;
}

static int line_load(struct load *load, const char *text, size_t length)
{
	struct config_error *error = load->error;
	struct command_request request;
	bool passed = true;
	int status;

	if (memchr(text, '\0', length) != NULL)
		return refuse(error, "there is a NUL in this line");
	if (includes(text)) {
		status = include_load(load, text);
		return status != 0 ? status : comment_grow(load->comment, text, length);
	}
	if (command_parse(text, &request, &error->error) < 0)
		status = -EINVAL;
	else if (request.command == NULL)
		status = load->included != 0 ? 0 : comment_grow(load->comment, text, length);
	else
		status = line_check(load, &request, &passed);
	if (status == 0 && !passed)
		status = line_keep(load, &request, text, length);
	explicit_bzero(&request, sizeof(request));
	return status;
}

static int lines_load(struct load *load, FILE *file)
{
	struct config_error *error = load->error;
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int status = 0;

	for (error->line = 1; status == 0 && (length = getline(&text, &room, file)) >= 0;
	     error->line++)
		status = line_load(load, text, (size_t)length);
	error->line--; /* the wrong one */
	if (text != NULL)
		explicit_bzero(text, room);
	free(text);
	if (status == 0 && ferror(file))
		status = -EIO;
	if (status == -EINVAL || status == 0)
		return status;
	error->line = 0;
	snprintf(error->why, sizeof(error->why), "%s", strerror(-status));
	return status;
}

/* A folder like /etc/sluice, which lets nobody else in, keeps any file from others. */
static bool folder_is_open(const char *path)
{
	char copy[PATH_MAX];
	struct stat status;

	snprintf(copy, sizeof(copy), "%s", path);
	return stat(dirname(copy), &status) == 0 && (status.st_mode & S_IXOTH) != 0;
}

static void mode_check(FILE *file, const char *path)
{
	struct stat status;

	if (fstat(fileno(file), &status) == 0 && (status.st_mode & S_IROTH) != 0 &&
	    folder_is_open(path))
		log_warning(SLUICE_LOG_CONFIG,
		            "%s: everybody on this host can read it, passwords included "
		            "(chmod o-r)",
		            path);
}

/* What is included is an ordinary file: a pipe would hold up the daemon for as long as nobody
 * writes to it. The configuration itself may come from anywhere. NULL: errno says why not. */
static FILE *file_open(const struct load *load)
{
	int fd = open(load->path, O_RDONLY | O_CLOEXEC | (load->included != 0 ? O_NONBLOCK : 0));
	struct stat status;
	FILE *file = NULL;

	if (fd < 0)
		return NULL;
	if (load->included != 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)))
		errno = EINVAL;
	else
		file = fdopen(fd, "r");
	if (file == NULL)
		close(fd);
	return file;
}

static int file_load(struct load *load)
{
	FILE *file = file_open(load);
	int status;

	if (file == NULL) {
		status = -errno;
		snprintf(load->error->why, sizeof(load->error->why), "%s",
		         errno == EINVAL ? "it is no ordinary file" : strerror(errno));
		return status;
	}
	mode_check(file, load->path);
	status = lines_load(load, file);
	fclose(file);
	return status;
}

/* -- what is included -- */

#define INCLUDE "include"

static bool includes(const char *text)
{
	text += strspn(text, " \t");
	return strncmp(text, INCLUDE, strlen(INCLUDE)) == 0 &&
	       (text[strlen(INCLUDE)] == ' ' || text[strlen(INCLUDE)] == '\t');
}

/* One file; what is wrong with it is told with its own name. */
static int included_load(struct load *load, const char *path)
{
	struct config_error error = {0};
	struct load inner = {load->running, path, load->error->line, load->comment, &error};
	int status = file_load(&inner);

	if (status == 0)
		return 0;
	config_error_text(path, &error, false, load->error->why, sizeof(load->error->why));
	load->error->rule = true; /* the line that includes it is well written */
	return -EINVAL;
}

/* include PATTERN: relative to the folder of the configuration, in the order of their names. */
static int include_load(struct load *load, const char *text)
{
	char pattern[PATH_MAX], copy[PATH_MAX];
	size_t length;
	glob_t found;
	int status = 0;

	if (load->included != 0)
		return refuse(load->error, "an included file includes no other");
	text += strspn(text, " \t") + strlen(INCLUDE);
	text += strspn(text, " \t");
	length = strcspn(text, " \t\r\n#");
	if (length == 0 || length >= sizeof(pattern) / 2)
		return refuse(load->error,
		              "expected: include FILE, or a pattern such as conf.d/*.conf");
	snprintf(copy, sizeof(copy), "%s", load->path);
	snprintf(pattern, sizeof(pattern), "%s%s%.*s", *text == '/' ? "" : dirname(copy),
	         *text == '/' ? "" : "/", (int)length, text);
	switch (glob(pattern, 0, NULL, &found)) {
	case 0:
		for (size_t i = 0; i < found.gl_pathc && status == 0; i++)
			status = included_load(load, found.gl_pathv[i]);
		globfree(&found);
		return status;
	case GLOB_NOMATCH:
		/* nothing yet, where there may be any number */
		return strpbrk(pattern, "*?[") != NULL
		               ? 0
		               : refuse(load->error, "there is no such file");
	default:
		return -EIO;
	}
}

int config_load(struct running *running, const char *path, struct config_error *error)
{
	struct comment comment = {0};
	struct load load = {running, path, 0, &comment, error};
	int status;

	memset(error, 0, sizeof(*error));
	status = file_load(&load);
	running_comment(running, NULL, comment.text, comment.length);
	free(comment.text);
	return status;
}

int config_check(const struct running *running, struct config_error *error)
{
	char why[SLUICE_API_ERROR_MAX], text[COMMAND_TEXT_MAX];
	const struct running_line *line = rules_check(running, why);

	if (line == NULL)
		return 0;
	memset(error, 0, sizeof(*error));
	command_format(&line->request, false, text, sizeof(text));
	error->line = line->number;
	error->rule = true;
	snprintf(error->why, sizeof(error->why), "%s: %s", text, why);
	return -EINVAL;
}

void config_error_text(const char *path, const struct config_error *error, bool carets,
                       char *buffer, size_t room)
{
	char line[CONFIG_WHY_MAX];
	struct text text;

	text_start(&text, buffer, room);
	text_add(&text, path);
	if (error->line == 0) {
		text_add(&text, ": ");
		text_add(&text, error->why);
		return;
	}
	text_addf(&text, ":%u: ", error->line);
	if (error->rule) {
		text_add(&text, error->why);
		return;
	}
	if (carets) {
		command_error_caret(&error->error, text.bytes, line, sizeof(line));
		text_start(&text, buffer, room);
	} else {
		command_error_line(&error->error, line, sizeof(line));
	}
	text_add(&text, line);
}

/* -- writing -- */

static int lines_write(const struct running *running, FILE *file)
{
	struct running_line *line = NULL;
	const char *last = running_comment_last(running);
	char text[COMMAND_TEXT_MAX];

	line = running_next(running, NULL);
	if (last == NULL && (line == NULL || line->comment == NULL))
		fputs(HEADING, file);
	for (; line != NULL; line = running_next(running, line)) {
		int error = command_format(&line->request, true, text, sizeof(text));

		if (error < 0)
			return error;
		fputs(line->comment != NULL ? line->comment : "", file);
		if (!line->included)
			fprintf(file, "%s\n", line->source != NULL ? line->source : text);
	}
	fputs(last != NULL ? last : "", file);
	explicit_bzero(text, sizeof(text));
	if (fflush(file) != 0 || ferror(file) || fsync(fileno(file)) != 0)
		return errno != 0 ? -errno : -EIO;
	return 0;
}

/* As the old file was, so that who may read the secrets does not change. */
static int mode_take(int fd, const char *path)
{
	struct stat old, ours;

	if (stat(path, &old) != 0)
		return errno == ENOENT ? (fchmod(fd, MODE_NEW) == 0 ? 0 : -errno) : -errno;
	if (fstat(fd, &ours) != 0)
		return -errno;
	/* without privileges the new one is our own: we know what is in it */
	if (old.st_uid != ours.st_uid && fchown(fd, old.st_uid, (gid_t)-1) != 0 && errno != EPERM)
		return -errno;
	if (old.st_gid != ours.st_gid && fchown(fd, (uid_t)-1, old.st_gid) != 0)
		return -errno;
	return fchmod(fd, old.st_mode & 0777) == 0 ? 0 : -errno;
}

static int file_write(const struct running *running, int fd, const char *path)
{
	FILE *file;
	int error = mode_take(fd, path);

	file = error == 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		error = error != 0 ? error : -errno;
		close(fd);
		return error;
	}
	error = lines_write(running, file);
	if (fclose(file) != 0 && error == 0)
		error = -errno;
	return error;
}

/* The new name is on the disk as well. */
static void folder_sync(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int config_save(const struct running *running, const char *path, char *why)
{
	char real[PATH_MAX], fresh[PATH_MAX + 8];
	int fd, error;

	/* What a symbolic link names is replaced, not the link. */
	if (realpath(path, real) == NULL)
		snprintf(real, sizeof(real), "%s", path);
	snprintf(fresh, sizeof(fresh), "%s.XXXXXX", real);
	fd = mkostemp(fresh, O_CLOEXEC);
	error = fd < 0 ? -errno : file_write(running, fd, real);
	if (error == 0 && rename(fresh, real) != 0)
		error = -errno;
	if (error == 0)
		folder_sync(real);
	else if (fd >= 0)
		unlink(fresh);
	if (error < 0)
		snprintf(why, SLUICE_API_ERROR_MAX, "%.180s: %s", real, strerror(-error));
	return error;
}
