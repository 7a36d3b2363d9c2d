/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger of the dataplane before: whatever it holds, a TURN server starts from it, and works.
 * The check stops chance and not a mistake of another program's, so most inputs have right ones.
 */
#include "fuzz.h"

#include "../unit/turn_fixture.h"

#include "ledger/image.h"
#include "ledger/ledger.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALLOCATIONS 8
#define OBJECTS     16

/* The first byte of an input. */
enum mode {
	MODE_FILE,    /* the rest is the file */
	MODE_PATCHES, /* the rest changes a good file: place (3 bytes), length, bytes */
	MODE_TORN,    /* the same, and checks stay as they were */
	MODES,
};

static uint8_t *base; /* a good file */
static uint8_t *file;
static size_t base_size;
static char path[64];

static void bytes_write(const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

/* Two allocations, with all that they may have. */
static void server_serve(struct fixture *fixture)
{
	struct client *both = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *pair = client_create(fixture, "203.0.113.2", 4000, "bob", "secret2");

	ask(both, STUN_ALLOCATE);
	ask_transport(both);
	ask_family(both, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
	CHECK(send_signed(both) == 0);
	CHECK(permit(both, "198.51.100.7") == 0);
	CHECK(bind_channel(both, 0x4000, "198.51.100.8", 5000) == 0);
	ask(pair, STUN_ALLOCATE);
	ask_transport(pair);
	ask_bytes(pair, STUN_ATTR_EVEN_PORT, "\x80", 1);
	CHECK(send_signed(pair) == 0);
	client_free(both);
	client_free(pair);
}

static void path_clean(void)
{
	unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct fixture *fixture;

	snprintf(path, sizeof(path), "/tmp/ledger-fuzz-%d", (int)getpid());
	fixture_ledger = path;
	atexit(path_clean);
	fixture = fixture_create(ALLOCATIONS, OBJECTS, OBJECTS, 2);
	server_serve(fixture);
	base_size = fixture->dp.ledger->size;
	base = malloc(base_size);
	file = malloc(base_size);
	CHECK(base != NULL && file != NULL);
	memcpy(base, fixture->dp.ledger->map, base_size);
	fixture_destroy(fixture);
	return 0;
}

/* What the header says of the places of records is believed here, where it is right. */
static void checks_make(void)
{
	struct sluice_ledger_header *header = (struct sluice_ledger_header *)file;
	const struct sluice_ledger_header *good = (const struct sluice_ledger_header *)base;

	for (uint32_t i = 0; i < good->n_sections; i++) {
		const struct sluice_ledger_section *section = &good->sections[i];

		for (uint32_t j = 0; j < section->count; j++) {
			uint8_t *at = file + section->offset + (size_t)j * section->record_size;
			struct sluice_ledger_head *head = (struct sluice_ledger_head *)at;

			if (memcmp(at, base + (at - file), section->record_size) == 0)
				continue;
			head->expires_inverse = ~head->expires;
			head->check = ledger_check(section->kind, j, (const uint64_t *)at,
			                           section->record_size);
		}
	}
	header->check = 0;
	header->check = ledger_header_check(header);
}

static void patches_apply(const uint8_t *data, size_t size)
{
	memcpy(file, base, base_size);
	while (size > 4) {
		size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % base_size;
		size_t length = RTE_MIN(RTE_MIN((size_t)data[3], size - 4), base_size - at);

		memcpy(file + at, data + 4, length);
		data += 4 + length;
		size -= 4 + length;
	}
}

static void server_run(void)
{
	struct fixture *fixture = fixture_create_bare(ALLOCATIONS, OBJECTS, OBJECTS, 2);
	struct client *client;
	int result;

	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	client = client_create(fixture, "203.0.113.3", 4000, "alice", "secret1");
	client->worker = &fixture->workers[1];
	result = allocate(client);
	CHECK(result == 0 || result == 437 || result == 486 || result == 508);
	if (result == 0)
		CHECK(bind_channel(client, 0x4000, "198.51.100.9", 5000) >= 0);
	/* all that there is ends */
	fixture_time(fixture, 1000 + 86400 + 20);
	CHECK(fixture->dp.turn->n_allocations == 0);
	client_free(client);
	fixture_destroy(fixture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (data[0] % MODES == MODE_FILE) {
		bytes_write(data + 1, size - 1);
	} else {
		patches_apply(data + 1, size - 1);
		if (data[0] % MODES == MODE_PATCHES)
			checks_make();
		bytes_write(file, base_size);
	}
	server_run();
	return 0;
}
