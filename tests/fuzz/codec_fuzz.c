/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a payload of video: nothing beyond them is read, and what a descriptor says lies
 * within them. */
#include "fuzz.h"
#include "media/codec.h"
#include "media/dependency.h"

#include <rte_common.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dependency_structure structure = {0};
	struct vp8_descriptor vp8;
	uint8_t frame;
	uint16_t length;
	uint8_t *payload;

	if (size < 1 || size > UINT16_MAX)
		return 0;
	length = (uint16_t)(size - 1);
	payload = malloc(length + 1u); /* to its end: a sanitizer sees one byte too far */
	memcpy(payload, data + 1, length);
	payload = realloc(payload, length != 0 ? length : 1u);
	codec_is_key(data[0] % SLUICE_CODECS, payload, length);
	dependency_is_key(payload, (uint8_t)RTE_MIN(length, UINT8_MAX));
	dependency_structure_take(&structure, payload, (uint8_t)RTE_MIN(length, UINT8_MAX));
	CHECK(structure.count <= DEPENDENCY_TEMPLATES);
	frame = dependency_frame(&structure, payload, (uint8_t)RTE_MIN(length, UINT8_MAX)) |
	        vp9_frame(payload, length);
	CHECK((frame & FRAME_TELLS) || frame == 0);
	if (vp8_descriptor_read(payload, length, &vp8)) {
		CHECK(vp8.length <= length && vp8.picture_at + 1 + vp8.wide <= length + 1);
		CHECK(vp8.picture_at < vp8.length && vp8.tl0_at < vp8.length);
	}
	free(payload);
	return 0;
}
