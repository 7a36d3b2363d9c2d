/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of addresses as coturn writes them, in prefixes. */
#include "users/range.h"

#include "command/addr.h"
#include "command/text.h"
#include "command/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

static const struct {
	const char *list, *without, *left; /* NULL: more than there is room for */
} differences[] = {
        {"192.0.2.0/24", "", "192.0.2.0/24 "},
        {"192.0.2.0/24", "198.51.100.1", "192.0.2.0/24 "},
        {"192.0.2.0/24", "192.0.2.0/24", ""},
        {"192.0.2.0/24", "192.0.0.0/16", ""},
        {"192.0.2.0/30", "192.0.2.2", "192.0.2.0/31 192.0.2.3/32 "},
        {"192.0.2.0/29", "192.0.2.0 192.0.2.7",
         "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32 "},
        {"10.0.0.0/8 192.0.2.1", "192.0.2.1", "10.0.0.0/8 "},
        {"10.0.0.0/8", "10.0.0.0/9 10.128.0.0/9", ""},
        {"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1 "},
        {"2001:db8::/126", "2001:db8::3", "2001:db8::/127 2001:db8::2/128 "},
        {"::/0", "::/1", "8000::/1 "},
        {"2001:db8::/32", "192.0.2.1", "2001:db8::/32 "},
        {"10.0.0.0/8", "10.1.2.3", NULL},
        {"192.0.2.0/24", "192.0.2.128",
         "192.0.2.0/25 192.0.2.192/26 192.0.2.160/27 "
         "192.0.2.144/28 192.0.2.136/29 192.0.2.132/30 "
         "192.0.2.130/31 192.0.2.129/32 "},
};

static uint32_t list_read(const char *texts, struct sluice_turn_peer *list)
{
	char copy[128], *rest = copy, *text;
	uint32_t count = 0;

	snprintf(copy, sizeof(copy), "%s", texts);
	while ((text = strsep(&rest, " ")) != NULL)
		count += range_prefixes(text, strlen(text), list + count, MAX - count);
	return count;
}

static void what_is_left(void **state)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		struct sluice_turn_peer list[MAX], without[MAX], left[MAX];
		uint32_t count = list_read(differences[i].list, list);
		uint32_t n_without = list_read(differences[i].without, without);
		char said[512];
		struct text text;

		count = range_subtract(list, count, without, n_without, left, MAX);
		if (differences[i].left == NULL) {
			assert_int_equal(count, UINT32_MAX);
			continue;
		}
		text_start(&text, said, sizeof(said));
		for (uint32_t n = 0; n < count; n++) {
			text_add_addr(&text, &left[n].addr);
			text_addf(&text, "/%u ", left[n].length);
		}
		assert_string_equal(said, differences[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ranges),
	        cmocka_unit_test(what_is_hostile),
	        cmocka_unit_test(what_is_left),
	};

	return cmocka_run_group_tests_name("users_range", tests, NULL, NULL);
}
