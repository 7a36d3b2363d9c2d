/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/line.h"

#include "common/refuse.h"
#include "sdp/offer.h"

#include <errno.h>
#include <string.h>

int sdp_line_refuse(char *why, uint32_t number, const char *what)
{
	return refuse(why, -EINVAL, "line %u: %s", number, what);
}

int sdp_line_next(struct sdp_lines *lines, struct slice *line, char *why)
{
	struct slice *rest = &lines->rest;
	const char *end;

	if (rest->length > SDP_LENGTH_MAX)
		return sdp_line_refuse(why, 1, "more than 65536 bytes in all");
	if (rest->length == 0)
		return 0;
	if (++lines->number > SDP_LINES_MAX)
		return sdp_line_refuse(why, lines->number, "more than 4096 lines");
	end = memchr(rest->bytes, '\n', rest->length);
	*line = (struct slice){rest->bytes,
	                       end != NULL ? (size_t)(end - rest->bytes) : rest->length};
	rest->bytes += line->length + (end != NULL);
	rest->length -= line->length + (end != NULL);
	if (line->length > 0 && line->bytes[line->length - 1] == '\r')
		line->length--;
	return 1;
}

int sdp_line_check(struct slice line, uint32_t number, char *why)
{
	for (size_t i = 0; i < line.length; i++)
		if ((unsigned char)line.bytes[i] < ' ' && line.bytes[i] != '\t')
			return sdp_line_refuse(why, number, "a control character");
	if (line.length < 2 || line.bytes[1] != '=')
		return sdp_line_refuse(why, number, "expected TYPE=VALUE");
	return 0;
}
