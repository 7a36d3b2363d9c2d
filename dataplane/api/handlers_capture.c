/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "capture/capture.h"
#include "capture/trace.h"

#include <rte_common.h>

#include <errno.h>
#include <stdio.h>

static int capture_take(struct api_call *call)
{
	struct api_job *job = call->job;
	const struct capture_client client = {.pid = job->holder->pid, .uid = job->holder->uid};
	int error;

	if (job->holder->capture != NULL) {
		snprintf(call->why, SLUICE_API_ERROR_MAX, "this connection has a capture already");
		return -EBUSY;
	}
	error = capture_start(call->dp, call->body, job->fd, &client, &job->holder->capture,
	                      call->why);
	if (error != 0)
		return error;
	job->fd = -1;
	job->cursor = 1;
	return 0;
}

/* Whoever is answered misses nothing from then on. */
static int capture_start_handle(struct api_call *call)
{
	struct api_job *job = call->job;
	int error = job->cursor == 0 ? capture_take(call) : 0;

	if (error != 0)
		return error;
	job->waits = !capture_begun(job->holder->capture) && job->patient;
	capture_row(job->holder->capture, call->rows);
	call->length = sizeof(struct sluice_capture_row);
	return 0;
}

static int capture_none(const struct api_call *call)
{
	snprintf(call->why, SLUICE_API_ERROR_MAX, "this connection has no capture");
	return -ENOENT;
}

static int capture_file_handle(struct api_call *call)
{
	struct api_job *job = call->job;
	int error;

	if (job->holder->capture == NULL)
		return capture_none(call);
	error = capture_file_next(job->holder->capture, job->fd, call->why);
	if (error == 0)
		job->fd = -1;
	return error;
}

static int capture_stop_handle(struct api_call *call)
{
	if (call->job->holder->capture == NULL)
		return capture_none(call);
	capture_stop(call->job->holder->capture);
	return 0;
}

static int capture_show_handle(struct api_call *call)
{
	size_t size = sizeof(struct sluice_capture_row);

	return api_page(
	        call,
	        capture_show(call->dp, &call->job->cursor, call->rows, api_rows_max(call, size)),
	        size);
}

/* Begins with the first page, ends with the last. */
static int trace_handle(struct api_call *call)
{
	struct api_job *job = call->job;
	struct trace **trace = &job->holder->trace;
	size_t size = sizeof(struct sluice_trace_row);
	uint32_t rows;
	bool ended;

	if (*trace == NULL) {
		int error = trace_start(call->dp, call->body, trace, call->why);

		if (error != 0)
			return error;
	}
	ended = trace_ended(*trace) || !job->patient;
	rows = trace_read(*trace, call->rows, api_rows_max(call, size));
	call->length = rows * (uint32_t)size;
	call->more = !ended || rows > 0;
	job->waits = !ended && rows == 0;
	if (call->more)
		return 0;
	trace_stop(call->dp, *trace);
	*trace = NULL;
	return 0;
}

static const struct api_type types[] = {
        {SLUICE_CAPTURE_START,
         sizeof(struct sluice_capture),
         capture_start_handle,
         {API_TEXT(sluice_capture, filter.port), API_TEXT(sluice_capture, filter.reason),
          API_TEXT(sluice_capture, filter.user), API_TEXT(sluice_capture, filter.endpoint),
          API_TEXT(sluice_capture, filter.stream), API_TEXT(sluice_capture, note)}},
        {SLUICE_CAPTURE_SHOW, 0, capture_show_handle},
        {SLUICE_CAPTURE_STOP, 0, capture_stop_handle},
        {SLUICE_CAPTURE_FILE, 0, capture_file_handle},
        {SLUICE_TRACE,
         sizeof(struct sluice_trace),
         trace_handle,
         {API_TEXT(sluice_trace, port), API_TEXT(sluice_trace, reason),
          API_TEXT(sluice_trace, user), API_TEXT(sluice_trace, endpoint),
          API_TEXT(sluice_trace, stream)}},
};

const struct api_types api_types_capture = {types, RTE_DIM(types)};
