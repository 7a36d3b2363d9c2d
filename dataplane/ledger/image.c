/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/image.h"

#include "common/hex.h"
#include "common/refuse.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

#define RECORDS_MAX (1u << 27) /* of one kind */

void ledger_boot_id(uint8_t id[16])
{
	char text[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	int n = 0;

	memset(id, 0, 16);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	for (const char *at = text; *at != '\0' && n < 32; at++) {
		int digit = hex_digit(*at);

		if (digit >= 0) {
			id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit);
			n++;
		}
	}
}

static uint32_t header_check(const struct sluice_ledger_header *header)
{
	struct sluice_ledger_header copy = *header;

	copy.check = 0;
	return ledger_header_check(&copy);
}

static bool section_fits(const struct sluice_ledger_section *section, size_t size)
{
	uint64_t bytes = (uint64_t)section->record_size * section->count;

	return section->record_size > sizeof(struct sluice_ledger_head) &&
	       section->record_size <= SLUICE_LEDGER_RECORD_MAX && section->record_size % 8 == 0 &&
	       section->count <= RECORDS_MAX &&
	       section->offset >= sizeof(struct sluice_ledger_header) &&
	       section->offset % 64 == 0 && section->offset <= size &&
	       bytes <= size - section->offset;
}

/* Kinds that this version does not know are another's business. */
static bool sections_take(struct ledger_image *image, const struct sluice_ledger_header *header)
{
	for (uint32_t i = 0; i < header->n_sections; i++) {
		const struct sluice_ledger_section *section = &header->sections[i];
		struct ledger_section *taken;

		if (!section_fits(section, image->size))
			return false;
		if (section->kind == 0 || section->kind >= SLUICE_LEDGER_KINDS)
			continue;
		taken = &image->sections[section->kind];
		if (taken->records != NULL)
			return false;
		*taken = (struct ledger_section){
		        .records = image->bytes + section->offset,
		        .count = section->count,
		        .record_size = section->record_size,
		};
	}
	return true;
}

int ledger_image_read(struct ledger_image *image, const void *bytes, size_t size, char *why)
{
	struct sluice_ledger_header header;
	uint8_t boot[16];

	*image = (struct ledger_image){.bytes = bytes, .size = size};
	if (size < sizeof(header))
		return refuse(why, -EBADMSG, "%zu bytes are less than a header", size);
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, SLUICE_LEDGER_MAGIC, sizeof(header.magic)) != 0)
		return refuse(why, -EBADMSG, "it is no ledger");
	if (header.byte_order != SLUICE_LEDGER_BYTE_ORDER)
		return refuse(why, -EBADMSG, "it is of another type of machine");
	if (header.check != header_check(&header))
		return refuse(why, -EBADMSG, "its header is damaged");
	if (header.version == 0 || header.version > SLUICE_LEDGER_VERSION)
		return refuse(why, -EPROTO, "it is of version %u, newer than ours, %u",
		              header.version, SLUICE_LEDGER_VERSION);
	if (header.size != size || header.n_sections > SLUICE_LEDGER_SECTIONS_MAX ||
	    !sections_take(image, &header))
		return refuse(why, -EBADMSG, "it is truncated, or its sections are wrong");
	ledger_boot_id(boot);
	image->same_boot = memcmp(boot, header.boot, sizeof(boot)) == 0;
	image->made = header.made;
	image->version = header.version;
	return 0;
}

int ledger_image_open(struct ledger_image *image, const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	void *bytes;
	int error;

	*image = (struct ledger_image){0};
	if (fd < 0)
		return refuse(why, -errno, "%s", strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
	    (status.st_mode & 022) != 0) {
		close(fd);
		return refuse(why, -EPERM, "others may have written it");
	}
	if (status.st_size < (off_t)sizeof(struct sluice_ledger_header)) {
		close(fd);
		return refuse(why, -EBADMSG, "it is truncated");
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	error = errno;
	close(fd);
	if (bytes == MAP_FAILED)
		return refuse(why, -error, "%s", strerror(error));
	madvise(bytes, (size_t)status.st_size, MADV_DONTDUMP);
	/* now, and not page by page while nothing is relayed */
	madvise(bytes, (size_t)status.st_size, MADV_POPULATE_READ);
	error = ledger_image_read(image, bytes, (size_t)status.st_size, why);
	image->mapped = true;
	if (error < 0)
		ledger_image_close(image);
	return error;
}

void ledger_image_close(struct ledger_image *image)
{
	if (image->mapped)
		munmap((void *)(uintptr_t)image->bytes, image->size);
	*image = (struct ledger_image){0};
}

enum ledger_record ledger_image_record(const struct ledger_image *image,
                                       enum sluice_ledger_kind kind, uint32_t index, void *record,
                                       size_t size)
{
	const struct ledger_section *section = &image->sections[kind];
	const uint64_t *from =
	        (const uint64_t *)(section->records + (size_t)index * section->record_size);
	uint64_t words[SLUICE_LEDGER_RECORD_MAX / 8];
	struct sluice_ledger_head head;
	uint32_t check;

	/* A writer that still lives may be at it: what changes meanwhile fails its check. */
	words[0] = __atomic_load_n(&from[0], __ATOMIC_ACQUIRE);
	memcpy(&head, words, sizeof(words[0]));
	if (head.sequence == 0) /* as most are: the rest is not looked at */
		return LEDGER_NONE;
	for (uint32_t i = 1; i < section->record_size / 8u; i++)
		words[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
	memcpy(&head, words, sizeof(head));
	if (head.sequence & 1)
		return LEDGER_TORN;
	check = head.check;
	head.check = 0;
	memcpy(words, &head, sizeof(head));
	if (head.expires != ~head.expires_inverse ||
	    ledger_check(kind, index, words, section->record_size) != check)
		return LEDGER_BROKEN;
	memset(record, 0, size);
	memcpy(record, words, section->record_size < size ? section->record_size : size);
	explicit_bzero(words, section->record_size);
	return LEDGER_WHOLE;
}

bool ledger_image_take(const struct ledger_image *image, struct ledger_taken *taken,
                       enum sluice_ledger_kind kind, uint32_t index, void *record, size_t size)
{
	enum ledger_record found = ledger_image_record(image, kind, index, record, size);

	taken->torn += found == LEDGER_TORN;
	taken->broken += found == LEDGER_BROKEN;
	return found == LEDGER_WHOLE;
}

bool ledger_image_expires(const struct ledger_image *image, enum sluice_ledger_kind kind,
                          uint32_t index, uint32_t *expires)
{
	const struct ledger_section *section = &image->sections[kind];
	const uint64_t *words =
	        (const uint64_t *)(section->records + (size_t)index * section->record_size);
	uint64_t word = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);
	uint32_t halves[2];

	memcpy(halves, &word, sizeof(halves));
	*expires = halves[0];
	return halves[0] == ~halves[1];
}
