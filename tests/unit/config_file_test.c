/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file and the running configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/file.h"
#include "config/running.h"
#include "stderr_taken.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scene {
	char folder[32];
	char path[64];
	struct running *running;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	strcpy(scene->folder, "/tmp/sluice-config-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->path, sizeof(scene->path), "%s/sluice.conf", scene->folder);
	scene->running = running_create();
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	unlink(scene->path);
	rmdir(scene->folder);
	running_destroy(scene->running);
	free(scene);
	return 0;
}

static void file_write(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fwrite(text, 1, length, file);
	fclose(file);
}

static struct command_request parsed(const char *line)
{
	struct command_request request;
	struct command_error error;

	if (command_parse(line, &request, &error) < 0)
		fail_msg("%s: %s", line, error.text);
	return request;
}

/* All lines, each followed by ";". */
static void assert_running(const struct running *running, const char *wanted)
{
	struct running_line *line = NULL;
	char all[4096] = "", text[COMMAND_TEXT_MAX];

	while ((line = running_next(running, line)) != NULL) {
		command_format(&line->request, true, text, sizeof(text));
		strcat(all, text);
		strcat(all, ";");
	}
	assert_string_equal(all, wanted);
}

/* -- files with mistakes -- */

static const struct {
	const char *text;
	size_t length; /* 0: to the NUL */
	const char *error;
} wrong[] = {
        {"turn realm x\nturn reelm x\n", 0,
         "sluice.conf:2: turn ^reelm: did you mean `realm`? `help` has all that could stand here"},
        {"# a\n\n\nturn relay 198.18.2.1 prots 1-2", 0,
         "sluice.conf:4: turn relay 198.18.2.1 ^prots: did you mean `ports`? expected: ports "
         "A-B[,A-B...] or announce "
         "ADDRESS"},
        {"turn show\n", 0,
         "sluice.conf:1: this command configures nothing: expected is one that adds or sets"},
        {"turn user delete x\n", 0,
         "sluice.conf:1: this command configures nothing: expected is one that adds or sets"},
        {"quit\n", 0,
         "sluice.conf:1: this command configures nothing: expected is one that adds or sets"},
        {"port add a xdp x\nport add a xdp y\n", 0, "sluice.conf:2: line 1 says otherwise"},
        {"turn realm a\n# x\nturn realm b\n", 0, "sluice.conf:3: line 1 says otherwise"},
        {"turn realm a\nturn\0realm b\n", 26, "sluice.conf:2: there is a NUL in this line"},
        {"turn realm \"a\n", 0, "sluice.conf:1: turn realm ^: no quote ends this word"},
        {"turn realm \"a\nb\"\n", 0, "sluice.conf:1: turn realm ^: no quote ends this word"},
};

static void test_wrong(void **state)
{
	struct scene *scene = *state;
	struct config_error error;
	char text[1024];

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct running *running = running_create();

		file_write(scene->path, wrong[i].text,
		           wrong[i].length != 0 ? wrong[i].length : strlen(wrong[i].text));
		assert_int_equal(config_load(running, scene->path, &error), -EINVAL);
		config_error_text("sluice.conf", &error, false, text, sizeof(text));
		assert_string_equal(text, wrong[i].error);
		running_destroy(running);
	}
	config_error_text("c", &error, true, text, sizeof(text));
	assert_string_equal(text, "c:1: turn realm \n                ^ no quote ends this word");
}

#define KEYS                 " local 198.18.1.1:5000 profile gcm128 rx-key " KEY_28 " tx-key " KEY_28
#define KEY_28               "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="
#define ENDPOINT(name, port) "endpoint add " name " remote 198.18.1.2:" port KEYS
#define MEDIA                ENDPOINT("e", "1") "\n"
#define LISTEN               "turn listen 198.18.1.1:5000\n"

/* Well written, and never in force beside each other: the dataplane's own rules. */
static const struct {
	const char *text, *error; /* NULL: none */
} across[] = {
        {"turn listen 198.18.1.1\nturn relay 198.18.1.1 ports 3000-4000\n",
         "c:2: turn relay 198.18.1.1 ports 3000-4000: 198.18.1.1:3478, a TURN listener's, lies in "
         "ports 3000-4000 (line 1)"},
        {"turn relay 198.18.1.1 ports 3000-4000\n\nturn listen 198.18.1.1\n",
         "c:3: turn listen 198.18.1.1:3478: 198.18.1.1:3478 lies in a relay's range (line 1)"},
        {"turn listen 198.18.1.1\nturn relay 198.18.1.2 ports 3000-4000\n"
         "turn listen [2001:2::1]\nturn relay 198.18.1.1 ports 4000-5000\n",
         NULL},
        {"turn listen 198.18.1.1\nturn relay 198.18.1.1 ports 5000-6000,3000-4000\n",
         "c:2: turn relay 198.18.1.1 ports 5000-6000,3000-4000: 198.18.1.1:3478, a TURN "
         "listener's, lies in ports 3000-4000 (line 1)"},
        {"turn listen 198.18.1.1 tcp\nturn listen 198.18.1.1 tls\n",
         "c:2: turn listen 198.18.1.1:3478 tls: 198.18.1.1:3478 is a TURN listener's by another "
         "transport (line 1)"},
        {"turn listen 198.18.1.1 tcp\nturn listen 198.18.1.1\nturn listen 198.18.1.2 tls\n", NULL},
        {"turn listen 198.18.1.1:5349 tls\nturn listen 198.18.1.1:5349 dtls\n", NULL},
        {"turn listen 198.18.1.1\nturn listen 198.18.1.1 dtls\n",
         "c:2: turn listen 198.18.1.1:3478 dtls: 198.18.1.1:3478 is a TURN listener's (line 1)"},
        {"turn listen 198.18.1.1:5000 dtls\nturn relay 198.18.1.1 ports 3000-6000\n",
         "c:2: turn relay 198.18.1.1 ports 3000-6000: 198.18.1.1:5000, a TURN listener's by DTLS, "
         "lies in ports 3000-6000 (line 1)"},
        {"turn listen 198.18.1.1 dtls\nwebrtc listen 198.18.1.1\n",
         "c:2: webrtc listen 198.18.1.1:3478: 198.18.1.1:3478 is a TURN listener's by DTLS "
         "(line 1)"},
        {"turn listen 224.0.0.1\n", "c:1: turn listen 224.0.0.1:3478: this is not one host's "
                                    "address"},
        {"port add a xdp eth0\nport add b xdp eth0\n",
         "c:2: port add b xdp eth0: port a has this device already (line 1)"},
        {"stream add s endpoint e\n", "c:1: stream add s endpoint e: no line before adds endpoint "
                                      "e"},
        {MEDIA "stream add s endpoint e\nsubscription add t to e\n",
         "c:3: subscription add t to e: no line before adds stream t"},
        {MEDIA "stream add s endpoint e ssrc 7\nstream add t endpoint e ssrc 7\n",
         "c:3: stream add t endpoint e ssrc 7: another stream of endpoint e has this ssrc (line "
         "2)"},
        {MEDIA "stream add s endpoint e ssrc 7\nsubscription add s to e\n", NULL},
};

static void test_across(void **state)
{
	struct scene *scene = *state;
	struct config_error error;
	char text[1024];

	for (size_t i = 0; i < COUNT(across); i++) {
		struct running *running = running_create();

		file_write(scene->path, across[i].text, strlen(across[i].text));
		assert_int_equal(config_load(running, scene->path, &error), 0);
		assert_int_equal(config_check(running, &error),
		                 across[i].error != NULL ? -EINVAL : 0);
		if (across[i].error != NULL) {
			config_error_text("c", &error, false, text, sizeof(text));
			assert_string_equal(text, across[i].error);
		}
		running_destroy(running);
	}
	file_write(scene->path, MEDIA LISTEN, strlen(MEDIA LISTEN));
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_int_equal(config_check(scene->running, &error), -EINVAL);
	assert_non_null(
	        strstr(error.why, "198.18.1.1:5000 is an endpoint's local address (line 1)"));
}

static void test_no_file(void **state)
{
	struct scene *scene = *state;
	struct config_error error;
	char text[256];

	assert_int_equal(config_load(scene->running, "/nonexistent/x", &error), -ENOENT);
	config_error_text("x", &error, false, text, sizeof(text));
	assert_string_equal(text, "x: No such file or directory");
	assert_true(config_load(scene->running, scene->folder, &error) < 0);
}

/* -- the running configuration -- */

static const char configuration[] = "# comment\n"
                                    "port add dp0 xdp eth0\r\n"
                                    "\n"
                                    "turn realm sluice\n"
                                    "turn listen 198.18.1.1\n"
                                    "turn listen 198.18.1.1:3478 # again\n"
                                    "turn user add demo password \"a b\"\n"
                                    "turn peer allow 198.18.0.0/15\n"
                                    "turn peer deny 198.18.0.0/15";

#define LOADED                                                                                     \
	"port add dp0 xdp eth0;turn realm sluice;turn listen 198.18.1.1:3478;"                     \
	"turn user add demo password \"a b\";turn peer allow 198.18.0.0/15;turn peer deny "        \
	"198.18.0.0/15;"

static void test_load(void **state)
{
	struct scene *scene = *state;
	struct config_error error;

	file_write(scene->path, configuration, strlen(configuration));
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_running(scene->running, LOADED);
	assert_int_equal(running_count(scene->running), 6);
	assert_int_equal(running_next(scene->running, NULL)->number, 2);
}

static const struct {
	const char *change, *after;
} changes[] = {
        {"turn realm a", "turn realm a;"},
        {"turn user add u password 1", "turn realm a;turn user add u password 1;"},
        {"turn user add v password 1",
         "turn realm a;turn user add u password 1;turn user add v password 1;"},
        /* The same object keeps its place. */
        {"turn user add u password 2",
         "turn realm a;turn user add u password 2;turn user add v password 1;"},
        {"turn realm b", "turn realm b;turn user add u password 2;turn user add v password 1;"},
        {"turn user delete u", "turn realm b;turn user add v password 1;"},
        {"turn user delete v", "turn realm b;"},
        {"turn relay 198.18.2.1 ports 1024-2000",
         "turn realm b;turn relay 198.18.2.1 ports 1024-2000;"},
        {"turn relay 198.18.2.1 ports 3000-4000",
         "turn realm b;turn relay 198.18.2.1 ports 3000-4000;"},
        {"turn relay delete 198.18.2.1", "turn realm b;"},
        {"turn peer allow 10.0.0.0/8", "turn realm b;turn peer allow 10.0.0.0/8;"},
        {"turn peer deny 10.0.0.0/8",
         "turn realm b;turn peer allow 10.0.0.0/8;turn peer deny 10.0.0.0/8;"},
        {"turn peer allow 10.0.0.0/9", "turn realm b;turn peer allow 10.0.0.0/8;turn peer deny "
                                       "10.0.0.0/8;turn peer allow 10.0.0.0/9;"},
        /* Whatever was said about a prefix is forgotten, and nothing about another one. */
        {"turn peer delete 10.0.0.0/8", "turn realm b;turn peer allow 10.0.0.0/9;"},
        {"turn peer delete 10.0.0.0/9", "turn realm b;"},
        {"turn quota user 5", "turn realm b;turn quota user 5;"},
        /* Limits are set one by one. */
        {"turn quota host 7", "turn realm b;turn quota user 5 host 7;"},
        {"turn quota user 0 bps-capacity 9000",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;"},
        {"turn listen delete 1.2.3.4:5",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;"},
        {"turn realm add c",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;turn realm add c;"},
        /* What is a realm's goes with it. */
        {"turn user add u password 1 realm c",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;turn realm add c;"
         "turn user add u password 1 realm c;"},
        {"turn quota host 3 realm c",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;turn realm add c;"
         "turn user add u password 1 realm c;turn quota host 3 realm c;"},
        {"turn user delete u",
         "turn realm b;turn quota user 0 host 7 bps-capacity 9000;turn realm add c;"
         "turn user add u password 1 realm c;turn quota host 3 realm c;"},
        {"turn realm delete c", "turn realm b;turn quota user 0 host 7 bps-capacity 9000;"},
};

static void test_changes(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct command_request request = parsed(changes[i].change);

		assert_int_equal(running_apply(scene->running, &request), 0);
		assert_running(scene->running, changes[i].after);
	}
}

static const char *const media_lines[] = {
        ENDPOINT("a", "1"),
        ENDPOINT("b", "2"),
        ENDPOINT("aa", "3"),
        "stream add a-audio endpoint a clock 48000",
        "subscription add a-audio to b",
        "stream add a-video endpoint a",
        "stream add b-video endpoint b",
        "subscription add b-video to a",
        "subscription add a-video to aa pt 100",
        "subscription add b-video to aa",
        "turn realm a",
        "turn user add a password p",
};

static const struct {
	const char *change;
	const char *after; /* of the lines above, in letters from 'a' on */
} cascades[] = {
        {"subscription delete a-audio to b", "abcdfghijkl"},
        {"stream delete a-video", "abcdeghjkl"},
        {"stream delete a", "abcdefghijkl"},
        {"endpoint delete aa", "abdefghkl"},
        {"endpoint delete a", "bcgjkl"},
        {"endpoint delete b", "acdfikl"},
        {"turn user delete a", "abcdefghijk"},
};

/* What hangs on an object goes with it in the dataplane, and here, or the next start would find
 * lines about nothing. */
static void test_cascades(void **state)
{
	for (size_t i = 0; i < COUNT(cascades); i++) {
		struct running *running = running_create();
		struct command_request request;
		char wanted[4096] = "", text[COMMAND_TEXT_MAX];

		for (size_t j = 0; j < COUNT(media_lines); j++) {
			request = parsed(media_lines[j]);
			assert_int_equal(running_apply(running, &request), 0);
		}
		for (const char *letter = cascades[i].after; *letter != '\0'; letter++) {
			request = parsed(media_lines[*letter - 'a']);
			command_format(&request, true, text, sizeof(text));
			strcat(wanted, text);
			strcat(wanted, ";");
		}
		request = parsed(cascades[i].change);
		assert_int_equal(running_apply(running, &request), 0);
		assert_running(running, wanted);
		running_destroy(running);
	}
}

static void test_check(void **state)
{
	struct scene *scene = *state;
	struct command_request add = parsed("turn secret add x"),
	                       delete = parsed("turn secret delete x");
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(running_check(scene->running, &delete, 0, why), -ENOENT);
	assert_int_equal(running_check(scene->running, &add, 0, why), 0);
	assert_int_equal(running_apply(scene->running, &add), 0);
	assert_int_equal(running_check(scene->running, &add, 0, why), -EEXIST);
	assert_int_equal(running_check(scene->running, &add, SLUICE_API_EXIST_OK, why), 0);
	assert_int_equal(running_check(scene->running, &delete, 0, why), 0);
}

static void apply(struct running *running, const char *line)
{
	struct command_request request = parsed(line);

	assert_int_equal(running_apply(running, &request), 0);
}

/* A listener that becomes a tenant's stands behind the tenant from then on: what is saved can be
 * read. Its place otherwise stays. */
static void test_follows(void **state)
{
	static const char *const lines[] = {
	        "turn listen 198.18.1.1:3478",
	        "turn realm a",
	        "turn realm add acme",
	        "turn listen 198.18.1.1:3478 realm acme",
	        "turn secret add s",
	        "turn listen 198.18.1.1:3478 announce 203.0.113.1 realm acme"};
	struct scene *scene = *state;
	struct running *again = running_create();
	struct config_error error;
	char why[SLUICE_API_ERROR_MAX];
	struct running_line *line = NULL;
	uint64_t serial = 0;

	for (size_t i = 0; i < COUNT(lines); i++)
		apply(scene->running, lines[i]);
	assert_running(scene->running,
	               "turn realm a;turn realm add acme;turn listen 198.18.1.1:3478 announce "
	               "203.0.113.1 realm acme;turn secret add s;");
	while ((line = running_next(scene->running, line)) != NULL) {
		assert_true(line->serial > serial);
		serial = line->serial;
	}
	assert_int_equal(config_check(scene->running, &error), 0);
	assert_int_equal(config_save(scene->running, scene->path, why), 0);
	assert_int_equal(config_load(again, scene->path, &error), 0);
	assert_int_equal(config_check(again, &error), 0);
	assert_int_equal(running_count(again), 4);
	running_destroy(again);
}

/* Without a dataplane that says so: a realm does not take its listeners along. */
static void test_realm_is_listened_for(void **state)
{
	struct scene *scene = *state;
	struct command_request delete = parsed("turn realm delete acme");
	char why[SLUICE_API_ERROR_MAX];

	apply(scene->running, "turn realm add acme");
	apply(scene->running, "turn realm add acme2");
	apply(scene->running, "turn user add u password p realm acme");
	apply(scene->running, "turn listen 198.18.1.1:3478 realm acme2");
	assert_int_equal(running_check(scene->running, &delete, 0, why), 0);
	apply(scene->running, "turn listen 198.18.1.1:3479 realm acme");
	assert_int_equal(running_check(scene->running, &delete, 0, why), -EBUSY);
	assert_string_equal(why, "a listener has this realm: `turn listen delete` first");
	apply(scene->running, "turn listen delete 198.18.1.1:3479");
	assert_int_equal(running_check(scene->running, &delete, 0, why), 0);
	assert_int_equal(running_apply(scene->running, &delete), 0);
	assert_running(scene->running,
	               "turn realm add acme2;turn listen 198.18.1.1:3478 realm acme2;");
}

/* Reading on behind a line that has gone, and many of them. */
static void test_many(void **state)
{
	struct scene *scene = *state;
	struct running *running = scene->running;
	struct running_line *line;
	struct command_request request;
	char text[64];
	uint32_t count = 0;

	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "turn user add u%d password p", i);
		request = parsed(text);
		assert_int_equal(running_apply(running, &request), 0);
	}
	assert_int_equal(running_count(running), 5000);
	for (line = running_after(running, 0); line != NULL;
	     line = running_after(running, line->serial)) {
		uint64_t serial = line->serial;

		if (++count % 2 == 0)
			continue;
		snprintf(text, sizeof(text), "turn user delete u%u", count - 1);
		request = parsed(text);
		assert_int_equal(running_remove(running, &request), 1);
		line = running_after(running, serial);
		count++;
		assert_int_equal(line->serial, serial + 1);
	}
	assert_int_equal(running_count(running), 2500);
}

/* -- saving -- */

static void test_save(void **state)
{
	struct scene *scene = *state;
	struct running *again = running_create();
	struct config_error error;
	char why[SLUICE_API_ERROR_MAX];
	struct stat status;

	file_write(scene->path, configuration, strlen(configuration));
	assert_int_equal(chmod(scene->path, 0640), 0);
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_int_equal(config_save(scene->running, scene->path, why), 0);
	assert_int_equal(stat(scene->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(config_load(again, scene->path, &error), 0);
	assert_running(again, LOADED);
	running_destroy(again);
	unlink(scene->path);
	assert_int_equal(config_save(scene->running, scene->path, why), 0);
	assert_int_equal(stat(scene->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

/* Comments stay where they stood, those of lines that went go with them, and a file without gets a
 * heading, once. */
static void test_save_comments(void **state)
{
	static const char before[] = "# who we are\n\nturn realm a # here\n  # users\n"
	                             "turn user add u password p\n# the last\n"
	                             "turn user add v password p\n\n# end";
	static const char after[] = "# who we are\n\nturn realm b\n# the last\n"
	                            "turn user add v password p\nturn secret add s\n\n# end\n";
	struct scene *scene = *state;
	struct command_request change;
	struct config_error error;
	char why[SLUICE_API_ERROR_MAX], text[512];
	FILE *file;

	file_write(scene->path, before, strlen(before));
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	change = parsed("turn realm b");
	assert_int_equal(running_apply(scene->running, &change), 0);
	change = parsed("turn user delete u");
	assert_int_equal(running_apply(scene->running, &change), 0);
	change = parsed("turn secret add s");
	assert_int_equal(running_apply(scene->running, &change), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(config_save(scene->running, scene->path, why), 0);
		file = fopen(scene->path, "r");
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		assert_string_equal(text, after);
	}
}

static const struct {
	mode_t file, folder;
	bool warned;
} modes[] = {
        {0640, 0755, false},
        {0644, 0755, true},
        {0604, 0711, true},
        {0644, 0770, false},
};

/* Others can read the passwords: that is said, once a load. */
static void test_readable_by_all(void **state)
{
	struct scene *scene = *state;
	struct config_error error;
	struct taken taken;
	char text[1024];
	FILE *written;

	file_write(scene->path, "turn realm x\n", 13);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(scene->path, modes[i].file), 0);
		assert_int_equal(chmod(scene->folder, modes[i].folder), 0);
		stderr_take(&taken);
		assert_int_equal(config_load(scene->running, scene->path, &error), 0);
		written = stderr_give(&taken);
		text[fread(text, 1, sizeof(text) - 1, written)] = '\0';
		fclose(written);
		assert_int_equal(strstr(text, "everybody on this host can read it") != NULL,
		                 modes[i].warned);
	}
}

static void test_save_fails(void **state)
{
	struct scene *scene = *state;
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(config_save(scene->running, "/nonexistent/sluice.conf", why), -ENOENT);
	assert_string_equal(why, "/nonexistent/sluice.conf: No such file or directory");
}

/* A link stays one: what it names is replaced. */
static void test_save_link(void **state)
{
	struct scene *scene = *state;
	struct command_request request = parsed("turn realm x");
	char link[96], why[SLUICE_API_ERROR_MAX];
	struct stat status;

	snprintf(link, sizeof(link), "%s/link", scene->folder);
	file_write(scene->path, "", 0);
	assert_int_equal(symlink("sluice.conf", link), 0);
	running_apply(scene->running, &request);
	assert_int_equal(config_save(scene->running, link, why), 0);
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(stat(scene->path, &status), 0);
	assert_true(status.st_size > 0);
	unlink(link);
}

/* `file PATH` for a secret, and other files: what is saved names them, and holds no secret. */
static void test_secrets_from_files(void **state)
{
	struct scene *scene = *state;
	char path[96], text[1024];
	struct config_error error;
	const struct running_line *line;
	struct running *again;
	struct stat status;
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/secret", scene->folder);
	file_write(path, "from-a-file\n", 12);
	snprintf(text, sizeof(text),
	         "# ours\nturn secret add file %s # rotated\nturn user add bob password file %s\n"
	         "include %s/*.part\n\nturn realm here\n",
	         path, path, scene->folder);
	file_write(scene->path, text, strlen(text));
	snprintf(path, sizeof(path), "%s/a.part", scene->folder);
	file_write(path, "turn secret add word\n# mine\nturn realm there\n", 45);
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_int_equal(running_count(scene->running), 4);
	line = running_next(scene->running, NULL);
	assert_string_equal(((const struct sluice_turn_secret *)line->request.body.bytes)->secret,
	                    "from-a-file");
	line = running_setting(scene->running, SLUICE_TURN_REALM_SET);
	assert_string_equal(((const struct sluice_turn_realm *)line->request.body.bytes)->realm,
	                    "here");
	assert_int_equal(config_save(scene->running, scene->path, text), 0);
	file = fopen(scene->path, "r");
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	assert_null(strstr(text, "from-a-file"));
	assert_non_null(strstr(text, "turn secret add file /tmp"));
	assert_non_null(strstr(text, "include /tmp"));
	assert_null(strstr(text, "secret add word"));
	again = running_create();
	assert_int_equal(config_load(again, scene->path, &error), 0);
	assert_int_equal(running_count(again), 4);
	running_destroy(again);
	/* what is wrong is told with its place */
	file_write(path, "\nturn reelm x\n", 14);
	again = running_create();
	assert_int_equal(config_load(again, scene->path, &error), -EINVAL);
	config_error_text(scene->path, &error, false, text, sizeof(text));
	assert_non_null(strstr(text, "a.part:2: "));
	assert_non_null(strstr(text, "reelm"));
	running_destroy(again);
	unlink(path);
	snprintf(path, sizeof(path), "%s/secret", scene->folder);
	unlink(path);
	assert_int_equal(stat(path, &status), -1);
	again = running_create();
	assert_int_equal(config_load(again, scene->path, &error), -EINVAL);
	config_error_text(scene->path, &error, false, text, sizeof(text));
	assert_non_null(strstr(text, "No such file"));
	running_destroy(again);
}

/* A pipe gives its secret where somebody writes to it, and holds up nobody where nobody does. */
static void test_pipes(void **state)
{
	static const struct {
		const char *line, *wrong;
	} rows[] = {
	        {"turn secret add file %s", "it is a pipe, and nobody writes to it"},
	        {"turn secret add file /dev", "it is no file"},
	        {"turn secret add file /dev/null", "it is no file"},
	        {"include %s", "it is no ordinary file"},
	        {"include /dev/null", "it is no ordinary file"},
	};
	struct scene *scene = *state;
	char path[96], text[1024], line[256];
	struct config_error error;
	struct running *again;
	int ends[2];

	snprintf(path, sizeof(path), "%s/pipe", scene->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(line, sizeof(line), rows[i].line, path);
		file_write(scene->path, line, strlen(line));
		again = running_create();
		assert_int_equal(config_load(again, scene->path, &error), -EINVAL);
		config_error_text(scene->path, &error, false, text, sizeof(text));
		if (strstr(text, rows[i].wrong) == NULL)
			fail_msg("%s: %s, wanted %s", line, text, rows[i].wrong);
		running_destroy(again);
	}
	unlink(path);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "from-a-pipe\n", 12), 12);
	close(ends[1]);
	snprintf(line, sizeof(line), "turn secret add file /dev/fd/%d", ends[0]);
	file_write(scene->path, line, strlen(line));
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_string_equal(((const struct sluice_turn_secret *)running_next(scene->running, NULL)
	                             ->request.body.bytes)
	                            ->secret,
	                    "from-a-pipe");
	close(ends[0]);
}

/* What an included file says again stays a line of the configuration. */
static void test_said_twice(void **state)
{
	struct scene *scene = *state;
	char path[96], text[1024];
	struct config_error error;
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/a.part", scene->folder);
	file_write(path, "turn realm here\nturn secret add word\n", 37);
	snprintf(text, sizeof(text), "turn realm here\ninclude %s\nturn secret add word\n", path);
	file_write(scene->path, text, strlen(text));
	assert_int_equal(config_load(scene->running, scene->path, &error), 0);
	assert_int_equal(running_count(scene->running), 2);
	assert_int_equal(config_save(scene->running, scene->path, text), 0);
	file = fopen(scene->path, "r");
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	assert_non_null(strstr(text, "turn realm here\n"));
	assert_non_null(strstr(text, "turn secret add word\n"));
	unlink(path);
}

/* Limits of an included file and of the configuration are no one line: where both say some, the
 * configuration holds, and what is saved has none of the other's. */
static void test_limits_included(void **state)
{
	static const struct {
		const char *text, *holds;
	} rows[] = {
	        {"include %s\nturn quota user 5\nturn quota max-bps 9000\n",
	         "turn quota user 5 max-bps 9000;"},
	        {"turn quota user 5\ninclude %s\nturn quota max-bps 9000\n",
	         "turn quota user 5 max-bps 9000;"},
	        {"include %s\n", "turn quota host 7 bps-capacity 80000;"},
	};
	struct scene *scene = *state;
	char path[96], text[1024];
	struct config_error error;
	FILE *file;

	snprintf(path, sizeof(path), "%s/a.part", scene->folder);
	file_write(path, "turn quota host 7\nturn quota bps-capacity 80000\n", 48);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct running *running = running_create();

		snprintf(text, sizeof(text), rows[i].text, path);
		file_write(scene->path, text, strlen(text));
		assert_int_equal(config_load(running, scene->path, &error), 0);
		assert_running(running, rows[i].holds);
		assert_int_equal(config_save(running, scene->path, text), 0);
		file = fopen(scene->path, "r");
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		assert_non_null(strstr(text, "include /tmp"));
		assert_null(strstr(text, "host"));
		assert_null(strstr(text, "bps-capacity"));
		running_destroy(running);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_across, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_save_comments, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_said_twice, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_readable_by_all, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_load, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
	        cmocka_unit_test(test_cascades),
	        cmocka_unit_test_setup_teardown(test_check, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_follows, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_realm_is_listened_for, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_limits_included, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_save, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_save_fails, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_save_link, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_secrets_from_files, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_pipes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
