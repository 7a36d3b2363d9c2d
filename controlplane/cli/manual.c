/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the manual pages and the shell's completion from the tables, while sluice is built:
 * sluice-manual PAGE > PAGE
 */
#include "cli/manual.h"
#include "cli/roff.h"
#include "command/command.h"

#include <sluice/api.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_MAX 512

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
	char about[COLUMN_ABOUT_MAX];

	puts(".RS\n.PP\nShows:");
	for (const struct column *column = reply->columns; column->key != NULL; column++) {
		puts(".TP");
		roff_line(".B", column->key);
		roff_print(column_about(column, about));
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
	if (columns && command_asks(command)->reply != NULL)
		columns_page(command_asks(command)->reply);
}

static bool configures(const struct command *command)
{
	return command_kind(command) == REQUEST_ADD || command_kind(command) == REQUEST_SET;
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
	roff_paragraph(
	        "Words stand between blanks. A word that holds blanks, or begins with # or a "
	        "double quote, is put in "
	        "double quotes; within them \\\" and \\\\ stand for a quote and a backslash. "
	        "What follows # at the "
	        "start of a word is a comment.");
	roff_paragraph("ADDRESS is an IPv4 or IPv6 address; an IPv6 address with a port is written "
	               "[ADDRESS]:PORT. CIDR is "
	               "ADDRESS/LENGTH. SECONDS may be followed by s, m or h.");
}

/* -- pages -- */

static void page_sluicectl(void)
{
	roff_title("sluicectl", 1, program_sluicectl.summary);
	roff_synopsis(&program_sluicectl);
	puts(".SH DESCRIPTION");
	roff_paragraph(
	        "Speaks to the control plane, or with -s to the dataplane itself. Without a "
	        "command it is "
	        "interactive: TAB completes a word, ? says what could follow, ^C ends a command, "
	        "^D all. With -f it runs "
	        "the commands of a "
	        "file, as it does with those of a standard input that is no terminal.");
	roff_paragraph(
	        "A command that is wrong is answered with the word that is wrong and what was "
	        "expected there: on a "
	        "terminal a caret stands under it, elsewhere before it. In JSON such an answer has "
	        "\"error\" and \"errno\", of a wrong word \"command\" and \"column\", and of a "
	        "command in a file \"file\" and \"line\".");
	roff_options(&program_sluicectl);
	puts(".SH COMMANDS");
	words_page();
	commands_page(NULL);
	puts(".SH ENVIRONMENT");
	roff_entry(
	        "PAGER",
	        "What a show or help that is longer than the terminal is read with, run by "
	        "sh(1); less(1) unless set, which starts no other program from there and has the "
	        "options FRX unless LESS says others. Empty, or cat: none, as with --no-pager. "
	        "What is piped, or comes of a file of commands, is never paged.");
	puts(".SH FILES");
	roff_entry(SLUICE_CONTROL_SOCKET, "The control plane.");
	roff_entry(SLUICE_DATAPLANE_SOCKET, "The dataplane; see -s.");
	puts(".SH EXIT STATUS");
	roff_paragraph("0, or 1 where a command failed: then a line on stderr says why.");
	puts(".SH EXAMPLES");
	roff_example("sluicectl top", "What is busy now; q leaves.");
	roff_example("sluicectl -j allocation show user alice | jq '.[].relayed'",
	             "A user's relayed addresses, for a script.");
	roff_example("sluicectl -e -f new.conf", "Commands of a file, up to the first that fails.");
	roff_example("sluicectl -s /run/sluice/dataplane.sock counter show nonzero",
	             "The dataplane itself, where the control plane is away.");
	roff_see_also((const char *const[]){"sluice.conf(5)", "sluice-controlplane(8)",
	                                    "sluice-dataplane(8)", "sluice-capture(1)", NULL});
}

static void page_conf(void)
{
	roff_title("sluice.conf", 5, "the configuration of sluice");
	puts(".SH SYNOPSIS\n.B /etc/sluice/sluice.conf");
	puts(".SH DESCRIPTION");
	roff_paragraph(
	        "A command of sluicectl(1) in each line. The control plane reads the file when "
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
	roff_see_also((const char *const[]){"sluicectl(1)", "sluice-controlplane(8)", NULL});
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} pages[] = {
	        {"sluicectl.1", page_sluicectl},
	        {"sluice.conf.5", page_conf},
	        {"sluice.bash", bash_print},
	};
	bool found = false;

	for (size_t i = 0; argc == 2 && !found && i < sizeof(pages) / sizeof(pages[0]); i++) {
		found = strcmp(pages[i].name, argv[1]) == 0;
		if (found)
			pages[i].print();
	}
	if (argc == 2 && (found || program_page_print(argv[1])))
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	fprintf(stderr, "usage: sluice-manual PAGE\n");
	return EXIT_FAILURE;
}
