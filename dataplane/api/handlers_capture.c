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

/* The reply comes first: from then on the client misses no packet. */
static int capture_start_handle(struct api_call *call)
{
	struct api_job *job = call->job;
	int error = job->cursor == 0 ? capture_take(call) : 0;

	if (error != 0)
		return error;
	job->waits = !capture_begun(job->holder->capture) && job->patient;
	capture_row(job->holder->capture, call->rows);
	return api_row(call);
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
	return api_page(call,
	                capture_show(call->dp, &call->job->cursor, call->rows, api_rows_max(call)));
}

/* Begins with the first page, ends with the last. */
static int trace_handle(struct api_call *call)
{
	struct api_job *job = call->job;
	struct trace **trace = &job->holder->trace;
	uint32_t rows;
	bool ended;

	if (*trace == NULL) {
		int error = trace_start(call->dp, call->body, trace, call->why);

		if (error != 0)
			return error;
	}
	ended = trace_ended(*trace) || !job->patient;
	rows = trace_read(*trace, call->rows, api_rows_max(call));
	call->length = rows * call->row_size;
	call->more = !ended || rows > 0;
	job->waits = !ended && rows == 0;
	if (call->more)
		return 0;
	trace_stop(call->dp, *trace);
	*trace = NULL;
	return 0;
}

static const struct api_type types[] = {
        {SLUICE_CAPTURE_START, capture_start_handle},
        {SLUICE_CAPTURE_SHOW, capture_show_handle},
        {SLUICE_CAPTURE_STOP, capture_stop_handle},
        {SLUICE_CAPTURE_FILE, capture_file_handle},
        {SLUICE_TRACE, trace_handle},
};

const struct api_types api_types_capture = {types, RTE_DIM(types)};
