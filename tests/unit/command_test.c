/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands: words to bytes to words, wrong words, bodies from elsewhere, completion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/addr.h"
#include "command/cell.h"
#include "command/command.h"
#include "command/complete.h"
#include "command/text.h"

#include <sluice/port.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- the table itself -- */

static void argument_is_sound(const struct command *command, const struct argument *argument)
{
	assert_non_null(argument->help);
	assert_true(argument->size > 0);
	assert_true(argument->offset + argument->size <= command_asks(command)->body_size);
	assert_true(argument->second < command_asks(command)->body_size || argument->second == 0);
	if (argument->type == ARGUMENT_CHOICE)
		assert_non_null(argument->choices);
	if (argument->type == ARGUMENT_FLAG)
		assert_true(argument->keyword && argument->optional);
}

static void reply_is_sound(const struct reply *reply)
{
	for (const struct column *column = reply->columns; column->key != NULL; column++) {
		assert_non_null(column->help);
		assert_true(column->offset + column->size <= reply->row_size);
		if (column->type == COLUMN_CHOICE)
			assert_non_null(column->choices);
	}
}

static void test_table(void **state)
{
	const struct command *command = NULL;

	while ((command = command_next(command)) != NULL) {
		const struct argument *argument = command->arguments;

		assert_non_null(command->help);
		assert_true(command_asks(command)->body_size <= COMMAND_BODY_MAX);
		for (; argument->key != NULL; argument++)
			argument_is_sound(command, argument);
		assert_true(argument < command->arguments + COMMAND_ARGUMENTS_MAX);
		if (command_asks(command)->reply != NULL)
			reply_is_sound(command_asks(command)->reply);
		if (command_kind(command) == REQUEST_DELETE)
			assert_int_equal(request_of(command_asks(command)->deletes)->kind,
			                 REQUEST_ADD);
		if (command_kind(command) == REQUEST_SHOW)
			assert_non_null(command_asks(command)->reply);
		if (command_kind(command) == REQUEST_SET || command_kind(command) == REQUEST_DELETE)
			assert_null(command_asks(command)->reply);
	}
}

/* -- words to bytes to words -- */

static const struct {
	const char *line, *canonical; /* NULL: the line itself */
} lines[] = {
        {"port add dp0 xdp eth0", NULL},
        {"port add dp0 dev 0000:01:00.0 queues 4 mtu 9000", NULL},
        {"port add dp0 dev 0000:01:00.0 mtu 9000 queues 4",
         "port add dp0 dev 0000:01:00.0 queues 4 mtu 9000"},
        {"port add dp0 queues 4 vdev net_tap0,iface=x",
         "port add dp0 vdev net_tap0,iface=x queues 4"},
        {"port delete dp0", NULL},
        {"port show", NULL},
        {"endpoint set a remote learn", NULL},
        {"endpoint set a tx-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", NULL},
        {"stream set s roc 3 ssrc 7", "stream set s ssrc 7 roc 3"},
        {"subscription set s to b source t", NULL},
        {"subscription show endpoint b", NULL},
        {"turn listen 198.18.1.1:3478", NULL},
        {"turn listen 198.18.1.1", "turn listen 198.18.1.1:3478"},
        {"turn listen [2001:db8::1]:443", NULL},
        {"turn listen 198.18.1.1:3478 tcp", NULL},
        {"turn listen 198.18.1.1:443 tls announce 203.0.113.1", NULL},
        {"turn listen 198.18.1.1:3478 udp", "turn listen 198.18.1.1:3478"},
        {"turn listen 198.18.1.1:3478 announce 203.0.113.1 tcp",
         "turn listen 198.18.1.1:3478 tcp announce 203.0.113.1"},
        {"turn listen delete 198.18.1.1:3478 tcp", NULL},
        {"turn certificate /etc/ssl/a.pem key /etc/ssl/a.key name turn.example.org", NULL},
        {"turn stream source 10 first 30", NULL},
        {"turn listen 2001:db8::1", "turn listen [2001:db8::1]:3478"},
        {"turn listen [2001:DB8:0::1]", "turn listen [2001:db8::1]:3478"},
        {"turn listen [::ffff:198.18.1.1]:5000", "turn listen 198.18.1.1:5000"},
        {"turn listen delete 198.18.1.1", "turn listen delete 198.18.1.1:3478"},
        {"region add a redis 192.0.2.1", "region add a redis 192.0.2.1:6379"},
        {"region add a redis [2001:DB8::1]:6380 db 3 user media",
         "region add a redis [2001:db8::1]:6380 user media db 3"},
        {"region add a redis redis-1.example.org password x",
         "region add a redis redis-1.example.org:6379 password x"},
        {"region add a redis s1:26379,2001:db8::1,10.0.0.1:26379 sentinel m sentinel-password x",
         "region add a redis s1:26379,[2001:db8::1]:6379,10.0.0.1:26379 sentinel m "
         "sentinel-password x"},
        {"region add a redis r.:6380 tls ca /a.pem cert /b.pem key /b.key server r.example.org",
         NULL},
        {"turn realm sluice", NULL},
        {"turn realm \"two words\"", NULL},
        {"turn realm \"plain\"", "turn realm plain"},
        {"turn relay 198.18.2.1 ports 49152-65535", NULL},
        {"  turn\trelay 2001:2:0:2::1   ports 1024-1024 # all\n",
         "turn relay 2001:2:0:2::1 ports 1024-1024"},
        {"turn relay delete 198.18.2.1", NULL},
        {"turn user add demo password demo", NULL},
        {"turn user add \"a \\\"b\\\\\" password \"#c\"", NULL},
        {"turn user add password password password", NULL},
        {"turn user add m\xc3\xbcller password x", NULL},
        {"turn user add a\\b password p\"q", "turn user add a\\b password \"p\\\"q\""},
        {"turn user delete demo", NULL},
        {"turn secret add north", NULL},
        {"turn secret delete north", NULL},
        {"turn peer allow 198.18.0.0/15", NULL},
        {"gate limit verified 4000 burst 4000", NULL},
        {"gate nonce secret AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL},
        {"gate nonce generate", NULL},
        {"turn peer deny 198.19.3.4/15", "turn peer deny 198.18.0.0/15"},
        {"turn peer allow 198.18.1.1", "turn peer allow 198.18.1.1/32"},
        {"turn peer allow 0.0.0.0/0", NULL},
        {"turn peer allow ::/0", NULL},
        {"turn peer allow 2001:2::/48", NULL},
        {"turn peer deny ::ffff:10.0.0.0/104", "turn peer deny 10.0.0.0/8"},
        {"turn peer deny ::ffff:10.0.0.0/64", "turn peer deny ::/64"},
        {"turn peer delete 198.18.0.0/15", NULL},
        {"turn lifetime max 3600", NULL},
        {"turn lifetime max 2h", "turn lifetime max 7200"},
        {"turn quota max-bps 4000000 user 20", "turn quota user 20 max-bps 4000000"},
        {"turn quota user 0", NULL},
        {"turn quota host 0", NULL},
        {"turn quota bps-capacity 1000000000000000", NULL},
        {"turn quota realm acme host 5", "turn quota host 5 realm acme"},
        {"turn realm add acme", NULL},
        {"turn realm delete acme", NULL},
        {"turn listen 198.18.1.1:3478 udp realm acme", "turn listen 198.18.1.1:3478 realm acme"},
        {"turn user add demo password demo realm acme", NULL},
        {"turn user delete demo end realm acme", NULL},
        {"turn secret add north realm acme", NULL},
        {"turn peer allow 10.0.0.0/8 realm acme", NULL},
        {"turn show", NULL},
        {"allocation show", NULL},
        {"allocation show user demo", NULL},
        {"allocation delete 18446744073709551615", NULL},
        {"counter show", NULL},
        {"counter show nonzero", NULL},
        {"worker show", NULL},
        {"worker poll adaptive", NULL},
        {"worker poll busy", NULL},
        {"graph show", NULL},
        {"config show", NULL},
        {"config show secrets", NULL},
        {"config save", NULL},
        {"version", NULL},
        {"help turn", NULL},
        {"quit", NULL},
};

static void line_comes_back(const char *line, const char *canonical)
{
	struct command_request first, second;
	struct command_error error;
	char text[COMMAND_TEXT_MAX];

	if (command_parse(line, &first, &error) < 0)
		fail_msg("%s: %s", line, error.text);
	assert_non_null(first.command);
	assert_int_equal(first.length, command_asks(first.command)->body_size);
	assert_int_equal(command_format(&first, true, text, sizeof(text)), 0);
	assert_string_equal(text, canonical != NULL ? canonical : line);
	assert_int_equal(command_parse(text, &second, &error), 0);
	assert_memory_equal(&first, &second, sizeof(first));
	if (command_kind(first.command) == REQUEST_LOCAL)
		return;
	assert_int_equal(command_from_body(first.command->type, first.body.bytes, first.length,
	                                   &second, &error),
	                 0);
	assert_memory_equal(&first, &second, sizeof(first));
}

static void test_lines(void **state)
{
	for (size_t i = 0; i < COUNT(lines); i++)
		line_comes_back(lines[i].line, lines[i].canonical);
}

static void test_nothing(void **state)
{
	static const char *const empty[] = {"", "  \t ", "# turn show", "   # x", "\n", "\r\n"};
	struct command_request request;
	struct command_error error;

	for (size_t i = 0; i < COUNT(empty); i++) {
		assert_int_equal(command_parse(empty[i], &request, &error), 0);
		assert_null(request.command);
	}
}

/* What the bytes are, for one of each kind of field. */
static void test_bytes(void **state)
{
	const struct sluice_port_add *port;
	const struct sluice_turn_relay *relay;
	const struct sluice_turn_peer *peer;
	const struct sluice_turn_quota *quota;
	static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 198, 18, 2, 1};
	struct command_request request;
	struct command_error error;

	assert_int_equal(command_parse("port add dp0 vdev net_null0 mtu 1500", &request, &error),
	                 0);
	port = (const void *)request.body.bytes;
	assert_string_equal(port->name, "dp0");
	assert_string_equal(port->args, "net_null0");
	assert_int_equal(port->kind, SLUICE_PORT_VDEV);
	assert_int_equal(port->mtu, 1500);
	assert_int_equal(port->queues, 0);
	assert_int_equal(command_parse("turn relay 198.18.2.1 ports 49152-65535", &request, &error),
	                 0);
	relay = (const void *)request.body.bytes;
	assert_memory_equal(relay->addr.ip, address, 16);
	assert_int_equal(relay->addr.port, 0);
	assert_int_equal(relay->first_port, 49152);
	assert_int_equal(relay->last_port, 65535);
	assert_int_equal(command_parse("turn peer deny 2001:2::/48", &request, &error), 0);
	peer = (const void *)request.body.bytes;
	assert_int_equal(peer->length, 48);
	assert_int_equal(peer->action, SLUICE_TURN_PEER_DENY);
	assert_int_equal(command_parse("turn quota max-bps 1000000000000", &request, &error), 0);
	quota = (const void *)request.body.bytes;
	assert_true(quota->max_bps == 1000000000000);
}

/* -- wrong words -- */

/* column: where the caret stands in `line`. */
static const struct {
	const char *line;
	uint32_t column;
	const char *shown, *text;
} errors[] = {
        {"turn relay 198.18.2.1 prots 1-2", 22, "turn relay 198.18.2.1 prots",
         "did you mean `ports`? expected: ports A-B[,A-B...] or announce ADDRESS"},
        {"turn relay 198.18.2.1 ports", 28, "turn relay 198.18.2.1 ports ",
         "expected: A-B[,A-B...] (1024 to 65535)"},
        {"turn relay 198.18.2.1 ports 5000", 28, NULL, "expected: A-B[,A-B...] (1024 to 65535)"},
        {"turn relay 198.18.2.1 ports 65535-49152", 28, NULL,
         "the first port is above the last; expected: A-B[,A-B...] (1024 to 65535)"},
        {"turn relay 198.18.2.1 ports 1023-2000", 28, NULL,
         "out of range; expected: A-B[,A-B...] (1024 to 65535)"},
        {"turn relay 198.18.2.1 ports 1024-65536", 28, NULL,
         "out of range; expected: A-B[,A-B...] (1024 to 65535)"},
        {"turn relay 198.18.2.300 ports 1-2", 11, "turn relay 198.18.2.300",
         "expected: delete, show or ADDRESS"},
        {"turn relay 198.18.2.1:80 ports 1-2", 11, "turn relay 198.18.2.1:80",
         "expected: delete, show or ADDRESS"},
        {"turn relay", 11, "turn relay ", "expected: delete, show or ADDRESS"},
        {"turn", 5, "turn ",
         "expected: listen, realm, relay, user, secret, peer, lifetime, mobility, algorithms, "
         "discovery, quota, stream, certificate or show"},
        {"xyzzy show", 0, "xyzzy", NULL /* any of the nouns */},
        {"turm show", 0, "turm", "did you mean `turn`? `help` has all that could stand here"},
        {"show turn", 0, "show", "did you mean `turn show`? `help` has all that could stand here"},
        {"worker poll bsuy", 12, NULL, "did you mean `busy`? expected: adaptive|busy"},
        {"port shwo", 5, NULL, "did you mean `show`? expected: add, delete or show"},
        {"turn peer alow 198.18.0.0/15", 10, "turn peer alow",
         "did you mean `allow`? expected: allow, deny or delete"},
        {"turn peer allow 198.18.0.0/33", 16, NULL,
         "a prefix length is a number from 0 to 32; expected: CIDR"},
        {"turn peer allow 2001:2::/129", 16, NULL,
         "a prefix length is a number from 0 to 128; expected: CIDR"},
        {"turn peer allow 198.18.0.0/", 16, NULL,
         "a prefix length is a number from 0 to 32; expected: CIDR"},
        {"turn listen 198.18.1.1:70000", 12, NULL,
         "a port is a number from 1 to 65535; expected: delete, show or ADDRESS[:PORT]"},
        {"turn listen 198.18.1.1:0", 12, NULL,
         "a port is a number from 1 to 65535; expected: delete, show or ADDRESS[:PORT]"},
        {"turn listen 198.18.1.1:3478 sctp", 28, NULL,
         "expected: udp|tcp|tls|dtls, announce ADDRESS, proxy CIDR or realm NAME"},
        {"turn listen [2001:db8::1", 12, NULL, "expected: delete, show or ADDRESS[:PORT]"},
        {"turn listen :3478", 12, NULL, "expected: delete, show or ADDRESS[:PORT]"},
        {"turn listen [", 12, NULL, "expected: delete, show or ADDRESS[:PORT]"},
        {"turn listen []:1", 12, NULL, "expected: delete, show or ADDRESS[:PORT]"},
        {"region add a redis r:0", 19, NULL,
         "a port is a number from 1 to 65535; expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis r:1,", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis ,r:1", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis 192.0.2.300", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis r..x", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis -r", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis r/x", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"region add a redis r:6379:1", 19, NULL, "expected: HOST[:PORT][,HOST[:PORT]...]"},
        {"port add", 9, "port add ", "expected: NAME (1 to 15 bytes)"},
        {"port add dp0", 13, "port add dp0 ", "expected: xdp IFACE, dev PCI or vdev ARGS"},
        {"port add dp0 queues 2", 22, "port add dp0 queues 2 ",
         "expected: xdp IFACE, dev PCI or vdev ARGS"},
        {"port add dp0 xdp eth0 vdev x", 22, "port add dp0 xdp eth0 vdev",
         "expected: queues N or mtu N"},
        {"port add dp0 xdp eth0 mtu 1", 26, NULL, "1 is out of range; expected: N (68 to 65535)"},
        {"port add dp0 xdp eth0 mtu x", 26, NULL, "expected: N (68 to 65535)"},
        {"port add dp0 xdp eth0 mtu 99999999999999999999", 26, NULL, "expected: N (68 to 65535)"},
        {"port add dp0 xdp eth0 mtu -1", 26, NULL, "expected: N (68 to 65535)"},
        {"port add dp/0 xdp eth0", 9, "port add dp/0",
         "a name has letters, digits and . _ - only; expected: NAME (1 to 15 bytes)"},
        {"port add -dp0 xdp eth0", 9, "port add -dp0",
         "a name begins with a letter or a digit; expected: NAME (1 to 15 bytes)"},
        {"port add a123456789012345 xdp eth0", 9, "port add a123456789012345",
         "16 bytes are too many; expected: NAME (1 to 15 bytes)"},
        {"port show all", 10, "port show all", "expected: nothing more"},
        {"turn realm \"\"", 11, NULL,
         "empty; expected: add, delete, show or NAME (1 to 127 bytes)"},
        {"turn realm \"a b", 11, "turn realm ", "no quote ends this word"},
        {"turn realm \"a\"b", 11, "turn realm ", "a blank is missing behind the quote"},
        {"turn realm a\x01"
         "b",
         11, "turn realm a\\x01b",
         "neither control characters nor what is no UTF-8 is allowed; expected: add, delete, show "
         "or NAME (1 to 127 "
         "bytes)"},
        {"turn realm \xff", 11, "turn realm \\xff",
         "neither control characters nor what is no UTF-8 is allowed; expected: add, delete, show "
         "or NAME (1 to 127 "
         "bytes)"},
        {"turn quota", 11, "turn quota ",
         "expected: user N, host N, max-bps N, bps-capacity N or realm NAME"},
        {"turn quota user 1 user 2", 18, "turn quota user 1 user",
         "expected: host N, max-bps N, bps-capacity N or realm NAME"},
        {"turn lifetime max 10", 18, NULL, "10 is out of range; expected: SECONDS (600 to 86400)"},
        {"turn lifetime max 1d", 18, NULL, "expected: SECONDS (600 to 86400)"},
        {"worker poll fast", 12, NULL, "expected: adaptive|busy"},
        {"subscription set s to b ext 0:5", 28, NULL,
         "out of range; expected: A:B[,A:B...] (1 to 16 pairs of 1 to 255)"},
        {"counter show zero", 13, NULL, "expected: nonzero"},
        {"allocation delete", 18, "allocation delete ", "expected: user or ID"},
        {"allocation delete 18446744073709551616", 18, NULL, "expected: user or ID"},
        /* What is secret is not repeated. */
        {"turn user add demo pasword hunter2", 19, "turn user add demo pasword",
         "did you mean `password`? expected: password WORD, key 0xHEX or realm NAME"},
        {"turn user add demo password hunter2 x", 36, "turn user add demo password ******** x",
         "expected: realm NAME"},
        {"turn user add demo password \"hunter2", 28, "turn user add demo password ",
         "no quote ends this word"},
        {"turn user add demo password ********", 28, NULL,
         "this stands for a masked secret (`config show secrets` shows them); expected: WORD (1 to "
         "255 bytes)"},
        {"gate nonce secret north", 18, "gate nonce secret ********",
         "no base64; expected: B64 (32 to 64 bytes); `sluicectl gate nonce generate` draws them"},
        {"gate nonce secret AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 18,
         "gate nonce secret ********",
         "31 bytes are too few; expected: B64 (32 to 64 bytes); `sluicectl gate nonce generate` "
         "draws them"},
        {"turn secret add \xfe", 16, "turn secret add ********",
         "neither control characters nor what is no UTF-8 is allowed; expected: WORD (1 to 255 "
         "bytes)"},
};

/* The first words of all commands, each once, in the table's order. */
static void nouns_join(const char *separator, const char *last, char *text, size_t room)
{
	const struct command *command = NULL, *before;
	const char *nouns[64];
	uint32_t count = 0;

	while ((command = command_next(command)) != NULL) {
		for (before = command_next(NULL);
		     strcmp(command_words(before)[0], command_words(command)[0]) != 0;)
			before = command_next(before);
		if (before != command)
			continue;
		assert_true(count < COUNT(nouns));
		nouns[count++] = command_words(command)[0];
	}
	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		snprintf(text + strlen(text), room - strlen(text), "%s%s",
		         i == 0          ? ""
		         : i + 1 < count ? separator
		                         : last,
		         nouns[i]);
}

static void test_errors(void **state)
{
	char nouns[COMMAND_EXPECTED_MAX] = "expected: ";

	nouns_join(", ", " or ", nouns + strlen(nouns), sizeof(nouns) - strlen(nouns));
	for (size_t i = 0; i < COUNT(errors); i++) {
		const char *shown = errors[i].shown != NULL ? errors[i].shown : errors[i].line;
		struct command_request request;
		struct command_error error;

		assert_int_equal(command_parse(errors[i].line, &request, &error), -EINVAL);
		assert_string_equal(error.line, shown);
		assert_string_equal(error.text, errors[i].text != NULL ? errors[i].text : nouns);
		/* Behind a masked secret the caret has moved with the words. */
		if (strstr(shown, COMMAND_MASK) == NULL)
			assert_int_equal(error.column, errors[i].column);
	}
}

static void test_error_forms(void **state)
{
	struct command_request request;
	struct command_error error;
	char text[512];

	assert_int_equal(command_parse("turn  relay 198.18.2.1 prots 1-2", &request, &error),
	                 -EINVAL);
	command_error_line(&error, text, sizeof(text));
	assert_string_equal(text, "turn relay 198.18.2.1 ^prots: did you mean `ports`? expected: "
	                          "ports A-B[,A-B...] or announce ADDRESS");
	command_error_caret(&error, "FILE:3: ", text, sizeof(text));
	assert_string_equal(text, "FILE:3: turn relay 198.18.2.1 prots\n"
	                          "                              ^ did you mean `ports`? expected: "
	                          "ports A-B[,A-B...] or announce ADDRESS");
	/* The caret counts characters, not bytes. */
	assert_int_equal(command_parse("turn user add m\xc3\xbcller pasword", &request, &error),
	                 -EINVAL);
	command_error_caret(&error, "", text, sizeof(text));
	assert_string_equal(
	        text, "turn user add m\xc3\xbcller pasword\n                     ^ "
	              "did you mean `password`? expected: password WORD, key 0xHEX or realm NAME");
}

/* Long, endless and odd lines are refused, whatever they are. */
static void test_long_lines(void **state)
{
	struct command_request request;
	struct command_error error;
	char line[8192], text[4096];

	for (size_t length = 0; length < sizeof(line); length += 61) {
		snprintf(line, sizeof(line), "turn user add ");
		memset(line + strlen("turn user add "), 'x', length);
		snprintf(line + strlen("turn user add ") + (length < 8000 ? length : 8000), 64,
		         " password y");
		assert_int_equal(command_parse(line, &request, &error),
		                 length > 0 && length <= 508 ? 0 : -EINVAL);
		command_error_caret(&error, "", text, sizeof(text));
	}
	/* Escapes make a configuration line longer than there is room for. */
	snprintf(line, sizeof(line), "turn user add \"");
	for (int i = 0; i < 500; i++)
		strcat(line, "\\\"");
	strcat(line, "\" password \"");
	for (int i = 0; i < 200; i++)
		strcat(line, "\\\"");
	strcat(line, "\"");
	assert_int_equal(command_parse(line, &request, &error), -EINVAL);
	assert_string_equal(error.text, "the command is too long");
	memset(line, 0, sizeof(line));
	for (int i = 0; i < 40; i++)
		strcat(line, "a ");
	assert_int_equal(command_parse(line, &request, &error), -EINVAL);
}

/* -- bodies from elsewhere -- */

static void test_bodies(void **state)
{
	struct sluice_turn_user user = {.name = "x", .password = "y"};
	struct sluice_turn_listen listen = {
	        .addr = {.ip = {[10] = 0xff, [11] = 0xff, 198, 18, 1, 1}}};
	struct sluice_turn_relay relay = {
	        .addr = listen.addr, .first_port = 2000, .last_port = 1000};
	struct sluice_turn_peer peer = {.addr = listen.addr, .length = 33};
	struct sluice_worker_poll poll = {.mode = 2};
	struct command_request request;
	struct command_error error;
	char text[COMMAND_TEXT_MAX];

	assert_int_equal(command_from_body(SLUICE_TURN_LISTEN_ADD, &listen, sizeof(listen),
	                                   &request, &error),
	                 0);
	command_format(&request, true, text, sizeof(text));
	assert_string_equal(text, "turn listen 198.18.1.1:3478");
	assert_int_equal(command_from_body(SLUICE_TURN_LISTEN_ADD, &listen, 19, &request, &error),
	                 -EINVAL);
	assert_int_equal(command_from_body(0x7777, &listen, 20, &request, &error), -ENOSYS);
	assert_int_equal(
	        command_from_body(SLUICE_TURN_RELAY_ADD, &relay, sizeof(relay), &request, &error),
	        -EINVAL);
	assert_int_equal(
	        command_from_body(SLUICE_TURN_PEER_ADD, &peer, sizeof(peer), &request, &error),
	        -EINVAL);
	peer.length = 32;
	peer.action = 9;
	assert_int_equal(
	        command_from_body(SLUICE_TURN_PEER_ADD, &peer, sizeof(peer), &request, &error),
	        -EINVAL);
	assert_int_equal(
	        command_from_body(SLUICE_WORKER_POLL_SET, &poll, sizeof(poll), &request, &error),
	        -EINVAL);
	assert_int_equal(
	        command_from_body(SLUICE_TURN_USER_ADD, &user, sizeof(user), &request, &error), 0);
	strcpy(user.name, "a\nturn secret add x");
	assert_int_equal(
	        command_from_body(SLUICE_TURN_USER_ADD, &user, sizeof(user), &request, &error),
	        -EINVAL);
	user.name[0] = '\0';
	assert_int_equal(
	        command_from_body(SLUICE_TURN_USER_ADD, &user, sizeof(user), &request, &error),
	        -EINVAL);
	memset(&user, 'x', sizeof(user));
	assert_int_equal(
	        command_from_body(SLUICE_TURN_USER_ADD, &user, sizeof(user), &request, &error),
	        -EINVAL);
}

static void test_mask(void **state)
{
	static const struct {
		const char *line, *masked;
	} rows[] = {
	        {"turn user add demo password demo", "turn user add demo password ********"},
	        {"turn secret add north", "turn secret add ********"},
	        {"turn realm north", "turn realm north"},
	};
	struct command_request request;
	struct command_error error;
	char text[COMMAND_TEXT_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(command_parse(rows[i].line, &request, &error), 0);
		assert_int_equal(command_format(&request, false, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i].masked);
	}
}

/* -- completion -- */

static void word_add(void *arg, const char *word, const char *usage, const char *help)
{
	char *words = arg;

	strcat(words, words[0] != '\0' ? " " : "");
	strcat(words, word != NULL ? word : "<");
	strcat(words, word != NULL ? "" : usage);
	assert_non_null(help);
}

static void test_completion(void **state)
{
	static const struct {
		const char *line, *words; /* NULL: what is there is wrong */
	} rows[] = {
	        {"", "*" /* all nouns */},
	        {"c", "counter config capture"},
	        {"turn re", "realm relay"},
	        {"turn", "turn"},
	        {"turn relay ", "delete show <ADDRESS"},
	        {"turn relay 198.18.2.1 ", "ports announce"},
	        {"turn relay 198.18.2.1 ports ", "<A-B[,A-B...] (1024 to 65535)"},
	        {"turn relay 198.18.2.1 ports 1024-2000 ", "announce"},
	        {"turn relay 198.18.2.1 prots ", NULL},
	        {"port add dp0 ", "xdp dev vdev queues mtu"},
	        {"port add dp0 xdp eth0 ", "queues mtu"},
	        {"port add dp0 xdp eth0 q", "queues"},
	        {"port add dp0 xdp eth0 mtu 1500 ", "queues"},
	        {"worker poll ", "adaptive busy"},
	        {"worker poll b", "busy"},
	        {"turn quota user 5 ", "host max-bps bps-capacity realm"},
	        {"turm ", NULL},
	        {"turn realm \"a b", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char words[512] = "", nouns[512];
		bool right = command_complete(rows[i].line, strlen(rows[i].line), word_add, words);

		nouns_join(" ", " ", nouns, sizeof(nouns));
		if (rows[i].words != NULL && strcmp(rows[i].words, "*") == 0) {
			assert_string_equal(words, nouns);
			continue;
		}

		assert_int_equal(right, rows[i].words != NULL);
		assert_string_equal(words, rows[i].words != NULL ? rows[i].words : "");
	}
}

static void test_usage(void **state)
{
	static const struct {
		uint16_t type;
		const char *usage;
	} rows[] = {
	        {SLUICE_PORT_ADD,
	         "port add NAME {xdp IFACE | dev PCI | vdev ARGS} [queues N] [mtu N]"},
	        {SLUICE_TURN_RELAY_ADD, "turn relay ADDRESS ports A-B[,A-B...] [announce ADDRESS]"},
	        {SLUICE_TURN_QUOTA_SET,
	         "turn quota [user N] [host N] [max-bps N] [bps-capacity N] [realm NAME]"},
	        {SLUICE_WORKER_POLL_SET, "worker poll adaptive|busy"},
	        {SLUICE_CONFIG_SHOW, "config show [secrets]"},
	};
	char usage[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		command_usage(command_of_type(rows[i].type), usage, sizeof(usage));
		assert_string_equal(usage, rows[i].usage);
	}
}

/* -- what strangers chose -- */

static void test_printable(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} rows[] = {
	        {"plain", "plain"},
	        {"m\xc3\xbcller \xf0\x9f\x98\x80", "m\xc3\xbcller \xf0\x9f\x98\x80"},
	        {"\x1b[2J", "\\x1b[2J"},
	        {"a\nb\r\t\x7f", "a\\x0ab\\x0d\\x09\\x7f"},
	        {"\xc2\x9b"
	         "31m",
	         "\\xc2\\x9b"
	         "31m"}, /* CSI as one C1 character */
	        {"\xe2\x80\xae"
	         "x",
	         "\\xe2\\x80\\xae"
	         "x"},                                        /* right to left */
	        {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
	        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
	        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
	        {"\xe2\x82", "\\xe2\\x82"},                   /* cut */
	        {"\xff\xfe", "\\xff\\xfe"},
	};
	char room[128];
	struct text text;

	for (size_t i = 0; i < COUNT(rows); i++) {
		text_start(&text, room, sizeof(room));
		text_add_printable(&text, rows[i].bytes, 64);
		assert_string_equal(room, rows[i].shown);
		assert_int_equal(text_is_printable(rows[i].bytes),
		                 strcmp(rows[i].bytes, rows[i].shown) == 0);
	}
}

/* What stands in a request, and what of it is not for everybody over HTTP. */
static void test_guarded(void **state)
{
	static const struct {
		const char *line, *key; /* NULL: nothing in it is guarded */
		enum request_access access;
	} lines[] = {
	        {"port add dp9 vdev net_null0", "vdev", ACCESS_HOST},
	        {"port add dp9 xdp eth0", NULL, ACCESS_DEFAULT},
	        {"config show secrets", "secrets", ACCESS_ADMIN},
	        {"config show", NULL, ACCESS_DEFAULT},
	        {"config diff secrets", "secrets", ACCESS_ADMIN},
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct command_request request;
		struct command_error error;
		const struct argument *found = NULL;

		assert_int_equal(command_parse(lines[i].line, &request, &error), 0);
		for (const struct argument *argument = request.command->arguments;
		     argument->key != NULL; argument++)
			if (argument->access != ACCESS_DEFAULT &&
			    argument_is_given(argument, request.body.bytes))
				found = argument;
		assert_int_equal(found != NULL, lines[i].key != NULL);
		if (found == NULL)
			continue;
		assert_string_equal(found->key, lines[i].key);
		assert_int_equal(found->access, lines[i].access);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_guarded),     cmocka_unit_test(test_table),
	        cmocka_unit_test(test_lines),       cmocka_unit_test(test_nothing),
	        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_error_forms), cmocka_unit_test(test_long_lines),
	        cmocka_unit_test(test_bodies),      cmocka_unit_test(test_mask),
	        cmocka_unit_test(test_completion),  cmocka_unit_test(test_usage),
	        cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
