/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-capture: opens the file, hands its descriptor to the dataplane, and waits. What is written
 * there never passes through this process; when it dies, the capture ends.
 */
#include "dataplane.h"
#include "options.h"
#include "output.h"
#include "request.h"

#include "common/option.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS       100
#define LOOK_FILES_MS 10 /* where a file may be full */

static volatile sig_atomic_t asked_to_stop;

static void on_signal(int number)
{
	asked_to_stop = 1;
}

static int fail(const char *text)
{
	fprintf(stderr, "sluice-capture: %s\n", text);
	return EXIT_FAILURE;
}

static int fail_open(const char *path, int error)
{
	if (error == -ENOTTY)
		return fail("stdout is a terminal: name a file with -w, or a reader behind a pipe");
	fprintf(stderr, "sluice-capture: %s: %s\n", path, strerror(-error));
	return EXIT_FAILURE;
}

static void signals_catch(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* A reader that leaves while nothing is written is seen here, not there. */
static bool reader_gone(const struct output *output)
{
	struct pollfd reader = {.fd = output->path == NULL ? STDOUT_FILENO : -1};

	return poll(&reader, 1, output->many ? LOOK_FILES_MS : LOOK_MS) == 1 &&
	       (reader.revents & POLLERR) != 0;
}

static int fail_path(struct dataplane_link *link, const char *path, int error)
{
	snprintf(link->why, sizeof(link->why), "%s: %s", path, strerror(-error));
	return error;
}

/* Of one file after the other the dataplane has the next one's descriptor always. */
static int files_follow(struct dataplane_link *link, struct output *output, uint32_t begun)
{
	const char *path;
	int error = output_begun(output, begun, &path), fd;

	if (error != 0)
		return fail_path(link, path, error);
	if (!output->many || begun < output->opened)
		return 0;
	fd = output_open(output, &path);
	if (fd < 0)
		return fail_path(link, path, fd);
	error = link_file(link, fd);
	close(fd);
	return error;
}

/* Until the capture is done: 0, or -errno with a line in link->why. */
static int wait_done(struct dataplane_link *link, struct output *output,
                     struct sluice_capture_row *row)
{
	bool stopped = false, left = false;
	int error = 0;

	while (error == 0 && !row->done) {
		left |= reader_gone(output);
		if ((left || asked_to_stop) && !stopped) {
			error = link_stop(link);
			stopped = true;
		}
		if (error == 0)
			error = link_show(link, row);
		if (error == 0 && !stopped && !row->done)
			error = files_follow(link, output, row->files);
	}
	if (left && row->state == SLUICE_CAPTURE_STOPPED)
		row->state = SLUICE_CAPTURE_GONE;
	return error;
}

static int report(const struct sluice_capture_row *row, bool quiet)
{
	static const char *const ends[] = {
	        [SLUICE_CAPTURE_RUNNING] = "",
	        [SLUICE_CAPTURE_STOPPED] = "",
	        [SLUICE_CAPTURE_LIMIT] = "",
	        [SLUICE_CAPTURE_GONE] = "; the reader has gone",
	        [SLUICE_CAPTURE_STUCK] = "; the reader is stuck",
	        [SLUICE_CAPTURE_FAILED] = "; writing failed: ",
	};
	bool failed = row->state == SLUICE_CAPTURE_STUCK || row->state == SLUICE_CAPTURE_FAILED;

	if (!quiet || failed)
		fprintf(stderr, "%lu packets, %lu bytes written, %lu packets lost%s%s\n",
		        row->packets, row->bytes, row->lost,
		        row->state <= SLUICE_CAPTURE_FAILED ? ends[row->state] : "",
		        row->state == SLUICE_CAPTURE_FAILED ? strerror(-row->error) : "");
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool is_stdout(const char *file)
{
	static const char *const names[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};

	for (size_t i = 0; file != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(file, names[i]) == 0)
			return true;
	return file == NULL;
}

static int output_make(struct output *output, const struct capture_options *options,
                       const struct sluice_capture *request)
{
	uint64_t keep = 0;

	*output = (struct output){
	        .path = is_stdout(options->file) ? NULL : options->file,
	        .many = request->file_bytes != 0 || request->file_seconds != 0,
	};
	if (output->many && output->path == NULL)
		return fail("--file-size and --file-seconds need -w FILE");
	if (options->files != NULL && !output->many)
		return fail("--files needs --file-size or --file-seconds");
	if (options->files != NULL && !size_read(options->files, 1, 99999, &keep))
		return fail("--files: expected a number from 1 to 99999");
	output->keep = (uint32_t)keep;
	return EXIT_SUCCESS;
}

/* Begin to end: 0, or -errno with a line in link->why. */
static int capture_run(struct dataplane_link *link, const struct sluice_capture *request, int fd,
                       struct output *output, struct sluice_capture_row *row, bool quiet)
{
	const char *path;
	int error = link_start(link, request, fd, row);

	close(fd);
	if (error == 0)
		error = files_follow(link, output, 1);
	if (error == 0 && !quiet)
		fprintf(stderr, "capture %u runs; ^C ends it\n", row->id);
	if (error == 0)
		error = wait_done(link, output, row);
	if (error != 0)
		return error;
	error = output_begun(output, row->files, &path);
	return error == 0 ? 0 : fail_path(link, path, error);
}

static int run(const struct sluice_capture *request, struct output *output, const char *socket,
               bool quiet)
{
	static struct dataplane_link link;
	struct sluice_capture_row row;
	const char *path;
	int error = link_connect(&link, socket), fd;

	if (error != 0)
		return fail(link.why);
	signals_catch();
	fd = output_open(output, &path);
	if (fd < 0)
		return fail_open(path, fd);
	error = capture_run(&link, request, fd, output, &row, quiet);
	output_end(output);
	return error == 0 ? report(&row, quiet) : fail(link.why);
}

int main(int argc, char **argv)
{
	struct capture_options options = {0};
	static struct sluice_capture request;
	char why[REQUEST_WHY_MAX];
	static struct output output;
	int first = options_read(&program_capture, argc, argv, &options);

	if (first < 0)
		return EXIT_FAILURE;
	if (options.help)
		options_print_help(&program_capture);
	if (options.version)
		printf("sluice-capture %s, API version %d\n", SLUICE_VERSION_TEXT,
		       SLUICE_API_VERSION);
	if (options.help || options.version)
		return EXIT_SUCCESS;
	if (request_make(&request, &options, argv + first, argc - first, why) != 0)
		return fail(why);
	if (output_make(&output, &options, &request) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return run(&request, &output, options.socket, options.quiet);
}
