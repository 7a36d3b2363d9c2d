/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ext_read.h"

#include "media/bytes.h"
#include "media/ext_element.h"

void ext_ids_set(struct ext_ids *ids, const uint8_t extensions[SLUICE_EXTENSIONS_MAX])
{
	*ids = (struct ext_ids){.any = false};
	for (uint8_t kind = 0; kind < SLUICE_EXTENSIONS; kind++) {
		uint8_t id = extensions[kind];

		ids->ids[kind] = id;
		ids->any |= id != 0;
		if (id != 0 && id <= ONE_BYTE_ID_MAX)
			ids->kinds[id] = kind + 1;
	}
}

/* SLUICE_EXTENSIONS: none of those that were agreed. */
static uint8_t kind_of(const struct ext_ids *ids, uint8_t id)
{
	uint8_t kind = 0;

	if (id <= ONE_BYTE_ID_MAX)
		return ids->kinds[id] != 0 ? ids->kinds[id] - 1 : SLUICE_EXTENSIONS;
	while (kind < SLUICE_EXTENSIONS && ids->ids[kind] != id)
		kind++;
	return kind;
}

static void element_read(const struct ext_element *element, uint8_t kind, struct ext_said *said)
{
	const struct ext_bytes bytes = {element->data, element->length};

	switch (kind) {
	case SLUICE_EXTENSION_MID:
		said->mid = bytes;
		break;
	case SLUICE_EXTENSION_RID:
		said->rid = bytes;
		break;
	case SLUICE_EXTENSION_REPAIRED_RID:
		said->repaired_rid = bytes;
		break;
	case SLUICE_EXTENSION_DEPENDENCY:
		said->dependency = bytes;
		break;
	case SLUICE_EXTENSION_TRANSPORT_NUMBER:
		said->has_transport_number = element->length >= 2;
		if (said->has_transport_number)
			said->transport_number = read_be16(element->data);
		break;
	case SLUICE_EXTENSION_ABS_SEND_TIME:
		said->has_send_time = element->length == 3;
		if (said->has_send_time)
			said->send_time =
			        (uint32_t)element->data[0] << 16 | read_be16(element->data + 1);
		break;
	default:
		break;
	}
}

void ext_read(const struct ext_ids *ids, uint16_t profile, const uint8_t *bytes, uint16_t length,
              struct ext_said *said)
{
	struct ext_elements elements;
	struct ext_element element;

	*said = (struct ext_said){.truncated = false};
	if (!ext_elements_begin(&elements, profile, bytes, length))
		return;
	while (ext_element_next(&elements, &element))
		element_read(&element, kind_of(ids, element.id), said);
	said->truncated = elements.overrun;
}

bool ext_bytes_are(const struct ext_bytes *bytes, const char *text)
{
	size_t length = strlen(text);

	return bytes->bytes != NULL && bytes->length == length &&
	       memcmp(bytes->bytes, text, length) == 0;
}
