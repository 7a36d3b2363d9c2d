/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge: a record from a client is judged here, before any handler sees it. */
#include "api/api.h"
#include "api/handlers.h"
#include "capture/capture.h"
#include "capture/trace.h"
#include "common/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sluice/turn.h>

static const struct api_types *const subjects[] = {
        &api_types_config,  &api_types_port,    &api_types_turn,
        &api_types_stats,   &api_types_gate,    &api_types_media,
        &api_types_capture, &api_types_session, &api_types_ledger,
};

static const struct api_type *type_find(uint16_t number)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		for (uint32_t j = 0; j < subjects[i]->count; j++) {
			if (subjects[i]->types[j].type == number)
				return &subjects[i]->types[j];
		}
	}
	return NULL;
}

void api_refuse(struct api_job *job, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(job->why, sizeof(job->why), format, arguments);
	va_end(arguments);
	job->status = status;
	job->type = NULL;
}

/* Ours, unless a test wants another one (options.api_version). */
static uint16_t version_own(const struct dataplane *dp)
{
	return dp->options.api_version != 0 ? (uint16_t)dp->options.api_version
	                                    : SLUICE_API_VERSION;
}

/* A body of the version that is asked in, in ours: what it does not have is 0. */
static int body_take(struct api_job *job, const struct request *request, const void *body)
{
	uint32_t length = job->request.length;
	int error = request_check_size(request, job->version, length, job->why);

	if (error != 0)
		return error;
	memcpy(job->body, body, length);
	return request_check(request, job->body, request->body_size, job->why);
}

void api_begin(struct api_job *job, struct dataplane *dp, const struct seqpacket_record *record,
               size_t size)
{
	struct sluice_api_header *header = &job->request;
	const struct request *request;

	*job = (struct api_job){.dp = dp, .fd = -1, .passed = -1, .version = version_own(dp)};
	if (size < sizeof(*header)) {
		/* what is cut short tells nothing, its id included */
		api_refuse(job, -EINVAL, "record of %zu bytes is shorter than its header of %zu",
		           size, sizeof(*header));
		return;
	}
	*header = record->header;
	if (!api_version_is_understood(header->version) || header->version > job->version) {
		api_refuse(job, -EPROTO, "API version %u: this program speaks %u", header->version,
		           job->version);
		return;
	}
	job->version = header->version;
	if (header->length != size - sizeof(*header)) {
		api_refuse(job, -EINVAL, "header claims %u bytes of body, the record has %zu",
		           header->length, size - sizeof(*header));
		return;
	}
	request = request_of(header->type);
	job->type = type_find(header->type);
	if (request == NULL || job->type == NULL || !request_is_in(request, job->version)) {
		api_refuse(job, -ENOSYS, "unknown type 0x%04x", header->type);
		return;
	}
	job->status = body_take(job, request, record->body);
	if (job->status != 0)
		job->type = NULL;
	job->row_size = request_row_size(request, SLUICE_API_VERSION);
	job->row_size_asked = request_row_size(request, job->version);
}

static void reply_text(struct seqpacket_record *reply, const char *text)
{
	reply->header.length = (uint32_t)strnlen(text, SLUICE_API_ERROR_MAX);
	memcpy(reply->body, text, reply->header.length);
}

static void reply_fail(struct seqpacket_record *reply, int status, const char *why)
{
	reply->header.status = status;
	reply_text(reply, why[0] != '\0' ? why : strerror(-status));
}

/* The handler that wanted it has taken it. */
static void descriptor_drop(struct api_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
}

void api_holder_end(struct dataplane *dp, struct api_holder *holder)
{
	if (holder->trace != NULL)
		trace_stop(dp, holder->trace);
	holder->trace = NULL;
	if (holder->capture != NULL)
		capture_release(holder->capture);
	holder->capture = NULL;
}

bool api_next(struct api_job *job, struct seqpacket_record *reply)
{
	struct api_call call = {
	        .dp = job->dp,
	        .job = job,
	        .body = job->body,
	        .flags = job->request.flags,
	        .why = job->why,
	        .rows = reply->body,
	        .row_size = job->row_size,
	        .room = sizeof(reply->body),
	};
	int status = job->status;

	reply->header = (struct sluice_api_header){
	        .version = job->version,
	        .type = job->request.type,
	        .id = job->request.id,
	};
	job->waits = false;
	job->passed = -1;
	if (status == 0)
		status = job->type->handle(&call);
	descriptor_drop(job);
	if (status != 0) {
		reply_fail(reply, status, job->why);
		return false;
	}
	if (call.warns) {
		reply_text(reply, job->why);
		reply->header.flags = SLUICE_API_WARNING;
		return false;
	}
	reply->header.length = call.length;
	if (job->row_size_asked != job->row_size)
		reply->header.length =
		        job->row_size_asked * rows_fit(reply->body, job->row_size_asked,
		                                       reply->body, job->row_size, call.length);
	if (call.more)
		reply->header.flags = SLUICE_API_MORE;
	return call.more;
}

void api_handle(struct dataplane *dp, const struct seqpacket_record *record, size_t size,
                void (*reply)(void *arg, const struct seqpacket_record *record), void *arg)
{
	struct api_holder holder = {0};
	struct seqpacket_record page;
	struct api_job job;
	bool more;

	api_begin(&job, dp, record, size);
	job.holder = &holder;
	do {
		more = api_next(&job, &page);
		reply(arg, &page);
	} while (more);
	api_holder_end(dp, &holder);
}
