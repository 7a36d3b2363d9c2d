/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/fragment.h"

#include "command/text.h"
#include "sdp/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse(char *why, uint32_t line, const char *what)
{
	snprintf(why, SDP_WHY_MAX, "line %u: %s", line, what);
	return -EINVAL;
}

static bool value_of(struct slice line, const char *prefix, struct slice *value)
{
	size_t length = strlen(prefix);

	if (line.length < length || memcmp(line.bytes, prefix, length) != 0)
		return false;
	*value = (struct slice){line.bytes + length, line.length - length};
	return true;
}

static int line_read(struct sdp_fragment *fragment, struct slice line, uint32_t number, char *why)
{
	struct slice value;

	for (size_t i = 0; i < line.length; i++)
		if ((unsigned char)line.bytes[i] < ' ')
			return refuse(why, number, "a control character");
	if (line.length < 2 || line.bytes[1] != '=')
		return refuse(why, number, "expected TYPE=VALUE");
	if (value_of(line, "a=ice-ufrag:", &value)) {
		if (!sdp_ufrag_is_valid(value))
			return refuse(why, number, "a=ice-ufrag: expected 4 to 256 ice-chars");
		fragment->ufrag = value;
	} else if (value_of(line, "a=ice-pwd:", &value)) {
		if (!sdp_pwd_is_valid(value))
			return refuse(why, number, "a=ice-pwd: expected 22 to 256 ice-chars");
		fragment->pwd = value;
	} else if (value_of(line, "a=candidate:", &value)) {
		fragment->candidates++;
	} else if (slice_is(line, "a=end-of-candidates")) {
		fragment->ended = true;
	}
	return 0;
}

int sdp_fragment_read(struct sdp_fragment *fragment, const char *text, size_t length, char *why)
{
	struct slice rest = {text, length}, line;
	uint32_t number = 0;
	int error = 0;

	memset(fragment, 0, sizeof(*fragment));
	why[0] = '\0';
	if (length > SDP_LENGTH_MAX)
		return refuse(why, 1, "more than 65536 bytes in all");
	while (error == 0 && slice_word(&rest, '\n', &line)) {
		if (++number > SDP_LINES_MAX)
			return refuse(why, number, "more than 4096 lines");
		if (line.bytes[line.length - 1] == '\r')
			line.length--;
		if (line.length > 0)
			error = line_read(fragment, line, number, why);
	}
	if (error < 0)
		return error;
	if ((fragment->ufrag.length == 0) != (fragment->pwd.length == 0))
		return refuse(why, number, "a=ice-ufrag and a=ice-pwd come together");
	if (fragment->ufrag.length == 0 && fragment->candidates == 0 && !fragment->ended)
		return refuse(why, number, "neither credentials nor candidates");
	return 0;
}

int sdp_fragment_write(const struct sluice_session_made *made, const char *media, const char *mid,
                       char *bytes, size_t room)
{
	struct text text;

	text_start(&text, bytes, room);
	text_addf(&text, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", made->ufrag,
	          made->pwd);
	text_addf(&text, "m=%s 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\n", media, mid);
	sdp_candidates_write(&text, made);
	return text.cut ? -EMSGSIZE : (int)text.length;
}
