/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of addresses as coturn writes them, in prefixes. */
#include "users/range.h"

#include "command/addr.h"
#include "command/text.h"
#include "command/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MAX 8

static const struct {
	const char *text, *prefixes; /* "": it is none */
} rows[] = {
        {"192.0.2.1", "192.0.2.1/32 "},
        {"192.0.2.0/24", "192.0.2.0/24 "},
        {"192.0.2.4-192.0.2.7", "192.0.2.4/30 "},
        {"192.0.2.3-192.0.2.8", "192.0.2.3/32 192.0.2.4/30 192.0.2.8/32 "},
        {"0.0.0.0-255.255.255.255", "0.0.0.0/0 "},
        {"2001:db8::-2001:db8::ffff", "2001:db8::/112 "},
        {"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/1 8000::/1 "},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127 "},
        {"123::45", "123::45/128 "},
        {"192.0.2.7-192.0.2.4", ""},
        {"192.0.2.1-2001:db8::1", ""},
        {"192.0.2.1-192.0.2.254", ""}, /* more prefixes than there is room for */
        {"192.0.2.1-", ""},
        {"-192.0.2.1", ""},
        {"192.0.2.0/33", ""},
        {"everybody", ""},
        {"", ""},
};

static void ranges(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sluice_turn_peer list[MAX];
		uint32_t count = range_prefixes(rows[i].text, strlen(rows[i].text), list, MAX);
		char said[512];
		struct text text;

		text_start(&text, said, sizeof(said));
		for (uint32_t n = 0; n < count; n++) {
			text_add_addr(&text, &list[n].addr);
			text_addf(&text, "/%u ", list[n].length);
		}
		assert_string_equal(said, rows[i].prefixes);
	}
}

static void what_is_hostile(void **state)
{
	struct sluice_turn_peer list[MAX];
	char text[300];

	memset(text, '1', sizeof(text));
	assert_int_equal(range_prefixes(text, sizeof(text), list, MAX), 0);
	assert_int_equal(range_prefixes("192.0.2.1\0x", 11, list, MAX), 0);
	assert_int_equal(range_prefixes("192.0.2.1", 9, list, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ranges),
	        cmocka_unit_test(what_is_hostile),
	};

	return cmocka_run_group_tests_name("users_range", tests, NULL, NULL);
}
