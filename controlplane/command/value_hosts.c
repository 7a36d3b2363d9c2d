/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of hosts, by address or by name. */
#include "command/value_type.h"

#include "command/host.h"
#include "common/refuse.h"

#include <errno.h>
#include <string.h>

int hosts_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	char *list = (char *)body + argument->second;
	struct host host, first = {0};
	struct sluice_addr addr;
	uint32_t count = 0;
	struct text out;
	int more;

	text_start(&out, list, argument->most + 1);
	while ((more = host_next(&host, &text, argument->fallback, why)) > 0) {
		char one[HOST_TEXT_MAX];

		if (count == 0)
			first = host;
		text_addf(&out, "%s%s", count++ > 0 ? "," : "", host_text(&host, one));
	}
	if (more == 0 && out.cut)
		more = refuse(why, -EINVAL, "they are longer than %u bytes",
		              (unsigned int)argument->most);
	if (more < 0 || count == 0)
		return -EINVAL;
	if (count > 1 || !host_is_addr(&first, &addr))
		return 0;
	memset(list, 0, argument->most + 1);
	memcpy(body + argument->offset, &addr, sizeof(addr));
	return 0;
}

int hosts_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	const char *list = (const char *)body + argument->second;
	struct sluice_addr addr;

	if (memchr(list, '\0', argument->most + 1) == NULL)
		return -EINVAL;
	if (list[0] != '\0') {
		text_add_word(text, list);
		return 0;
	}
	memcpy(&addr, body + argument->offset, sizeof(addr));
	text_add_addr(text, &addr);
	return 0;
}
