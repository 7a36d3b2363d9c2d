/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any record that a client may send to the socket, against a real dataplane without ports: each is
 * answered, by whole rows or by one refusal with its reason.
 */
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "api/api.h"
#include "common/request.h"
#include "dataplane.h"
#include "fuzz.h"

#include <sluice/port.h>

/* Configuration grows with each input: begun anew after so many. */
#define INPUTS_KEPT 512
#define PAGES_MAX   1000

static struct dataplane *dp;

struct stream {
	struct sluice_api_header request;
	uint32_t replies;
	bool ended;
};

/* In which it is answered: its own, where that is understood. */
static uint16_t version_of(const struct sluice_api_header *request)
{
	return api_version_is_understood(request->version) ? request->version : SLUICE_API_VERSION;
}

static void reply_check(void *arg, const struct seqpacket_record *reply)
{
	const struct sluice_api_header *header = &reply->header;
	const struct request *known = request_of(header->type);
	struct stream *stream = arg;
	uint32_t row = 0;

	CHECK(!stream->ended && ++stream->replies < PAGES_MAX);
	CHECK(header->version == version_of(&stream->request));
	CHECK(header->type == stream->request.type && header->id == stream->request.id);
	CHECK(header->status <= 0 && header->length <= sizeof(reply->body));
	stream->ended = !(header->flags & SLUICE_API_MORE);
	if (header->status != 0 || header->flags & SLUICE_API_WARNING) { /* a text */
		CHECK(stream->ended && header->length > 0 &&
		      header->length <= SLUICE_API_ERROR_MAX);
		CHECK(memchr(reply->body, '\0', header->length) == NULL);
		return;
	}
	CHECK(known != NULL && request_is_dataplane(known));
	if (known->reply != NULL)
		row = request_row_size(known, header->version);
	CHECK(row == 0 ? header->length == 0 : header->length % row == 0);
}

/* What hangs in DPDK's own memory looks lost to the leak checker, which does not look there. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *args[] = {"fuzz-api", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
	                "-m",       "128",       "-l",          "0",        "--log-level=3"};
	struct options options;

	options_default(&options);
	options.max_allocations = 64;
	options.max_permissions = 64;
	options.max_channels = 64;
	options.max_endpoints = 64;
	options.max_streams = 64;
	options.max_subscriptions = 64;
	options.stream_threads = 0; /* no sockets */
	options.mbufs = 1023;
	CHECK(rte_eal_init(RTE_DIM(args), args) >= 0);
	dp = dataplane_create(&options, NULL);
	CHECK(dp != NULL);
	return 0;
}

static void ask(uint16_t type)
{
	static struct seqpacket_record request;
	struct stream stream = {.request = {SLUICE_API_VERSION, type, 1, 0, 0, 0}};

	request.header = stream.request;
	api_handle(dp, &request, sizeof(request.header), reply_check, &stream);
	CHECK(stream.ended);
}

/* As nearly all mutations spoil version or length, most are given right ones again. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct sluice_api_header header;

	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 == 0 || size < sizeof(header))
		return size;
	memcpy(&header, data, sizeof(header));
	header.version = seed % 4 == 1 ? SLUICE_API_VERSION_OLDEST : SLUICE_API_VERSION;
	header.length = size - sizeof(header);
	memcpy(data, &header, sizeof(header));
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int inputs;
	struct stream stream = {0};
	static struct seqpacket_record record;

	if (size > SLUICE_API_MESSAGE_MAX)
		return 0;
	if (size >= sizeof(stream.request))
		memcpy(&stream.request, data, sizeof(stream.request));
	if (stream.request.type == SLUICE_PORT_ADD && /* opens interfaces of this host */
	    stream.request.length == sizeof(struct sluice_port_add))
		return 0;
	record.header = stream.request;
	memset(record.body, 0xa5, sizeof(record.body)); /* nothing ends behind what came */
	if (size > sizeof(record.header))
		memcpy(record.body, data + sizeof(record.header), size - sizeof(record.header));
	api_handle(dp, &record, size, reply_check, &stream);
	CHECK(stream.ended);
	if (++inputs % INPUTS_KEPT == 0) {
		ask(SLUICE_CONFIG_BEGIN);
		ask(SLUICE_CONFIG_COMMIT);
	}
	return 0;
}
