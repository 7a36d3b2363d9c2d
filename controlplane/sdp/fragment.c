/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/fragment.h"

#include "command/text.h"
#include "sdp/answer.h"
#include "sdp/line.h"

#include <errno.h>
#include <string.h>

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

	if (sdp_line_check(line, number, why) < 0)
		return -EINVAL;
	if (value_of(line, "a=ice-ufrag:", &value)) {
		if (!sdp_ufrag_is_valid(value))
			return sdp_line_refuse(why, number,
			                       "a=ice-ufrag: expected 4 to 256 ice-chars");
		fragment->ufrag = value;
	} else if (value_of(line, "a=ice-pwd:", &value)) {
		if (!sdp_pwd_is_valid(value))
			return sdp_line_refuse(why, number,
			                       "a=ice-pwd: expected 22 to 256 ice-chars");
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
	struct sdp_lines lines = {.rest = {text, length}};
	struct slice line;
	int error;

	memset(fragment, 0, sizeof(*fragment));
	why[0] = '\0';
	while ((error = sdp_line_next(&lines, &line, why)) > 0) {
		error = line.length > 0 ? line_read(fragment, line, lines.number, why) : 0;
		if (error < 0)
			return error;
	}
	if (error < 0)
		return error;
	if ((fragment->ufrag.length == 0) != (fragment->pwd.length == 0))
		return sdp_line_refuse(why, lines.number,
		                       "a=ice-ufrag and a=ice-pwd come together");
	if (fragment->ufrag.length == 0 && fragment->candidates == 0 && !fragment->ended)
		return sdp_line_refuse(why, lines.number, "neither credentials nor candidates");
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
