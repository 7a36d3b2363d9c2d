/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the manual pages and the shell's completion from the tables, while sluice is built:
 * sluice-manual PAGE > PAGE
 */
#include "cli/command.h"
#include "cli/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_MAX 512

/* -- roff -- */

/* Text as itself: no command at a line's start, hyphens and backslashes that can be copied. */
static void roff_print(const char *text)
{
	bool quoted = false;

	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '`')
			fputs((quoted = !quoted) ? "\\(oq" : "\\(cq", stdout);
		else
			putchar(*text);
	}
}

static void roff_line(const char *macro, const char *text)
{
	if (macro[0] != '\0')
		printf("%s ", macro);
	roff_print(text);
	putchar('\n');
}

static void paragraph(const char *text)
{
	puts(".PP");
	roff_line("", text);
}

static void title(const char *name, int section, const char *summary)
{
	printf(".TH %s %d \"\" \"sluice %s\" \"sluice\"\n", name, section, SLUICE_VERSION_TEXT);
	puts(".SH NAME");
	roff_print(name);
	fputs(" \\- ", stdout);
	roff_line("", summary);
}

static void synopsis(const struct program *program)
{
	const char *line = program->synopsis;

	puts(".SH SYNOPSIS");
	while (*line != '\0') {
		size_t length = strcspn(line, "\n");
		char form[USAGE_MAX];

		snprintf(form, sizeof(form), "%.*s", (int)length, line);
		printf(".B ");
		roff_print(program->name);
		putchar('\n');
		roff_line("", form);
		line += length + (line[length] == '\n');
		if (*line != '\0')
			puts(".br");
	}
}

static void options(const struct program *program)
{
	puts(".SH OPTIONS");
	for (const struct option_row *row = program->options; row->letter != 0 || row->name != NULL;
	     row++) {
		puts(".TP");
		printf("\\fB");
		if (row->letter != 0)
			printf("\\-%c%s", row->letter, row->name != NULL ? ", " : "");
		if (row->name != NULL) {
			printf("\\-\\-");
			roff_print(row->name);
		}
		printf("\\fR");
		if (row->argument != NULL)
			printf(" \\fI%s\\fR", row->argument);
		putchar('\n');
		roff_line("", row->help);
	}
}

/* -- commands -- */

static void argument_page(const struct argument *argument)
{
	char usage[USAGE_MAX];

	argument_usage(argument, false, usage, sizeof(usage));
	puts(".RS\n.TP");
	roff_line(".I", usage);
	roff_line("", argument->help);
	puts(".RE");
}

static void columns_page(const struct reply *reply)
{
	puts(".RS\n.PP\nShows:");
	for (const struct column *column = reply->columns; column->key != NULL; column++) {
		puts(".TP");
		roff_line(".B", column->key);
		roff_print(column->help);
		puts(column->only_json ? " (in JSON only)" : "");
	}
	puts(".RE");
}

static void command_page(const struct command *command, bool columns)
{
	char usage[USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	puts(".TP");
	roff_line(".B", usage);
	roff_print(command->help);
	puts(".");
	for (const struct argument *argument = command->arguments; argument->key != NULL;
	     argument++)
		argument_page(argument);
	if (columns && command->reply != NULL)
		columns_page(command->reply);
}

static bool configures(const struct command *command)
{
	return command->kind == COMMAND_ADD || command->kind == COMMAND_SET;
}

/* only: NULL for all. */
static void commands_page(bool (*only)(const struct command *command))
{
	for (uint32_t i = 0; command_groups[i] != NULL; i++) {
		const struct command_group *group = command_groups[i];
		bool begun = false;

		for (uint32_t n = 0; n < group->count; n++) {
			if (only != NULL && !only(&group->commands[n]))
				continue;
			if (!begun)
				roff_line(".SS", group->title);
			begun = true;
			command_page(&group->commands[n], only == NULL);
		}
	}
}

static void words_page(void)
{
	paragraph("Words stand between blanks. A word that holds blanks, or begins with # or a "
	          "double quote, is put in "
	          "double quotes; within them \\\" and \\\\ stand for a quote and a backslash. "
	          "What follows # at the "
	          "start of a word is a comment.");
	paragraph("ADDRESS is an IPv4 or IPv6 address; an IPv6 address with a port is written "
	          "[ADDRESS]:PORT. CIDR is "
	          "ADDRESS/LENGTH. SECONDS may be followed by s, m or h.");
}

/* -- pages -- */

static void page_sluicectl(void)
{
	title("sluicectl", 1, program_sluicectl.summary);
	synopsis(&program_sluicectl);
	puts(".SH DESCRIPTION");
	paragraph("Speaks to the control plane, or with -s to the dataplane itself. Without a "
	          "command it is "
	          "interactive: TAB completes a word, ? says what could follow. With -f it runs "
	          "the commands of a "
	          "file, as it does with those of a standard input that is no terminal.");
	paragraph("A command that is wrong is answered with the word that is wrong and what was "
	          "expected there: on a "
	          "terminal a caret stands under it, elsewhere before it.");
	options(&program_sluicectl);
	puts(".SH COMMANDS");
	words_page();
	commands_page(NULL);
	puts(".SH EXIT STATUS");
	paragraph("0, or 1 where a command failed: then a line on stderr says why.");
	puts(".SH SEE ALSO");
	puts(".BR sluice.conf (5),\n.BR sluice\\-controlplane (8)");
}

static void page_conf(void)
{
	title("sluice.conf", 5, "the configuration of sluice");
	puts(".SH SYNOPSIS\n.B /etc/sluice/sluice.conf");
	puts(".SH DESCRIPTION");
	paragraph("A command of sluicectl(1) in each line. The control plane reads the file when "
	          "it starts, and does "
	          "not start where a line is wrong, or where the dataplane refuses one. What is "
	          "configured later is "
	          "written here by `config save`, which replaces the file as a whole, comments "
	          "included.");
	words_page();
	puts(".SH COMMANDS");
	commands_page(configures);
	puts(".SH EXAMPLES\n.nf");
	puts("port add wan xdp enp1s0f0np0");
	puts("turn realm example.org\nturn listen 203.0.113.10:3478\nturn listen "
	     "[2001:db8::10]:3478");
	puts("turn relay 203.0.113.10 ports 49152\\-65535\nturn relay 2001:db8::10 ports "
	     "49152\\-65535");
	puts("turn secret add CHANGE\\-ME\nturn quota user 20 host 200000\n.fi");
	puts(".SH SEE ALSO\n.BR sluicectl (1),\n.BR sluice\\-controlplane (8)");
}

static void page_controlplane(void)
{
	title("sluice-controlplane", 8, program_controlplane.summary);
	synopsis(&program_controlplane);
	puts(".SH DESCRIPTION");
	paragraph("Reads the configuration, replays it into the dataplane whenever that appears, "
	          "and answers "
	          "sluicectl(1). Either may die and come back alone: media flow on without a "
	          "control plane, and "
	          "changes that are made while the dataplane is away are replayed to it.");
	paragraph("Where the dataplane is there at the start and refuses a line, the control plane "
	          "names it and ends. "
	          "Where it refuses one later, the others are in force, and that one is tried "
	          "again every second.");
	options(&program_controlplane);
	puts(".SH FILES\n.TP\n.I /etc/sluice/sluice.conf\nThe configuration.");
	puts(".TP\n.I /run/sluice/control.sock\nWhere it listens: whoever may write there may do "
	     "everything.");
	puts(".TP\n.I /run/sluice/dataplane.sock\nThe dataplane.");
	puts(".SH SIGNALS\n.TP\n.B SIGTERM\nEnds it. The dataplane goes on.");
	puts(".SH SEE ALSO\n.BR sluicectl (1),\n.BR sluice.conf (5)");
}

static void page_capture(void)
{
	title("sluice-capture", 1, program_capture.summary);
	synopsis(&program_capture);
	puts(".SH DESCRIPTION");
	paragraph("The kernel does not see sluice's packets, so neither does tcpdump(8). This "
	          "program opens a file and hands its descriptor to the dataplane, which writes "
	          "pcapng into it: for each packet the port, the queue, the direction, and as a "
	          "comment where it was seen and why it was dropped. It may be a pipe: "
	          "`sluice-capture | wireshark -k -i -`.");
	paragraph("FILTER is an expression of pcap-filter(7), over Ethernet frames. What else "
	          "chooses packets is an option; all that is given has to match. A dropped packet "
	          "that has lost its headers by then is shown with new ones.");
	paragraph("Traffic never waits for a capture: what the buffers have no room for is counted "
	          "as lost, here and in the file's statistics blocks. A reader that takes nothing "
	          "for 3 seconds ends the capture, and so does the end of this program.");
	paragraph("Of a dropped media packet no more than its RTP header is shown, unless "
	          "--decrypted is given as well.");
	options(&program_capture);
	puts(".SH EXIT STATUS");
	paragraph("0, or 1 where the capture could not begin, or could not be written: then a line "
	          "on stderr says why.");
	puts(".SH EXAMPLES\n.nf");
	puts("sluice\\-capture \\-w all.pcapng \\-\\-file\\-size 100M \\-\\-files 10");
	puts("sluice\\-capture \\-w call.pcapng \\-\\-user alice");
	puts("sluice\\-capture \\-w lost.pcapng \\-\\-reason turn_no_permission host 192.0.2.7");
	puts("sluice\\-capture \\-\\-sample 1000 \\-\\-snap 128 | tshark \\-r \\-\n.fi");
	puts(".SH SEE ALSO\n.BR sluicectl (1),\n.BR pcap\\-filter (7)");
}

/* -- bash -- */

static void bash_options(const struct program *program, bool with_argument)
{
	const char *separator = "";

	for (const struct option_row *row = program->options; row->letter != 0 || row->name != NULL;
	     row++) {
		if (with_argument && row->argument == NULL)
			continue;
		if (row->letter != 0) {
			printf("%s-%c", separator, row->letter);
			separator = with_argument ? "|" : " ";
		}
		if (row->name != NULL) {
			printf("%s--%s", separator, row->name);
			separator = with_argument ? "|" : " ";
		}
	}
}

static void bash_function(const struct program *program, const char *function, const char *words)
{
	printf("%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n", function);
	printf("\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n\t");
	bash_options(program, true);
	printf(")\n\t\tmapfile -t COMPREPLY < <(compgen -f -- "
	       "\"$word\")\n\t\treturn\n\t\t;;\n\tesac\n");
	printf("\tif [[ $word == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	bash_options(program, false);
	printf("' -- \"$word\")\n\t\treturn\n\tfi\n%s}\n", words);
	printf("complete -F %s %s\n\n", function, program->name);
}

static void page_bash(void)
{
	puts("# SPDX-License-Identifier: BSD-3-Clause\n# shellcheck shell=bash");
	puts("# Completion for bash. sluicectl knows its commands; it needs no daemon for this.\n");
	bash_function(&program_sluicectl, "_sluicectl",
	              "\tmapfile -t COMPREPLY < <(sluicectl --complete "
	              "\"${COMP_LINE:0:COMP_POINT}\" 2>/dev/null)\n");
	bash_function(&program_controlplane, "_sluice_controlplane", "");
	bash_function(&program_capture, "_sluice_capture", "");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} pages[] = {
	        {"sluicectl.1", page_sluicectl},
	        {"sluice.conf.5", page_conf},
	        {"sluice-controlplane.8", page_controlplane},
	        {"sluice-capture.1", page_capture},
	        {"sluice.bash", page_bash},
	};

	for (size_t i = 0; argc == 2 && i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].name, argv[1]) != 0)
			continue;
		pages[i].print();
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fprintf(stderr, "usage: sluice-manual PAGE\n");
	return EXIT_FAILURE;
}
