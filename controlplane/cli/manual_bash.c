/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/manual.h"
#include "common/option.h"

#include <stdio.h>
#include <string.h>

static void names_print(const struct option_row *row, const char *separator)
{
	if (row->letter != 0)
		printf("-%c%s", row->letter, row->name != NULL ? separator : "");
	if (row->name != NULL)
		printf("--%s", row->name);
}

static void words_print(const struct program *program)
{
	for (const struct program_word *word = program->words; word->name != NULL; word++)
		printf("%s%s", word == program->words ? "" : " ", word->name);
}

static bool takes_words(const struct program *program, const struct option_row *row)
{
	return program->words != NULL && program->words_option != NULL && row->name != NULL &&
	       strcmp(program->words_option, row->name) == 0;
}

static bool takes_path(const struct option_row *row)
{
	return strcmp(row->argument, "FILE") == 0 || strcmp(row->argument, "PATH") == 0 ||
	       strcmp(row->argument, "SOCKET") == 0;
}

/* What may stand behind an option: nothing that could be guessed, or a choice, or a path. */
static void argument_print(const struct program *program, const struct option_row *row)
{
	printf("\t");
	names_print(row, " | ");
	printf(")\n");
	if (takes_path(row)) {
		printf("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n");
	} else if (takes_words(program, row)) {
		printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
		words_print(program);
		printf("' -- \"$word\")\n");
	} else if (strchr(row->argument, '|') != NULL) {
		printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
		for (const char *at = row->argument; *at != '\0'; at++)
			putchar(*at == '|' ? ' ' : *at);
		printf("' -- \"$word\")\n");
	}
	printf("\t\treturn\n\t\t;;\n");
}

/* words: shell code that completes words that are no options of the program, which may begin with a
 * dash all the same; empty for what the table has. */
static void function_print(const struct program *program, const char *function, const char *words)
{
	const struct option_row *row;
	const char *separator = "";
	bool taking = false;

	printf("%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n\tCOMPREPLY=()\n", function);
	for (row = program->options; !option_is_end(row); row++) {
		if (row->argument == NULL)
			continue;
		if (!taking)
			printf("\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n");
		taking = true;
		argument_print(program, row);
	}
	if (taking)
		printf("\tesac\n");
	printf("%s\tif [[ $word == -* && ${#COMPREPLY[@]} == 0 ]]; then\n", words);
	printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (row = program->options; !option_is_end(row); row++, separator = " ") {
		printf("%s", separator);
		names_print(row, " ");
	}
	printf("' -- \"$word\")\n\t\treturn\n\tfi\n");
	if (program->words != NULL && program->words_option == NULL) {
		printf("\t((COMP_CWORD == 1)) && mapfile -t COMPREPLY < <(compgen -W '");
		words_print(program);
		printf("' -- \"$word\")\n");
	}
	printf("}\ncomplete -F %s %s\n\n", function, program->name);
}

void bash_print(void)
{
	puts("# SPDX-License-Identifier: BSD-3-Clause\n# shellcheck shell=bash");
	puts("# Completion for bash. sluicectl knows its commands; names come from the daemon, if "
	     "it answers.\n");
	function_print(&program_sluicectl, "_sluicectl",
	               "\tmapfile -t COMPREPLY < <(sluicectl --complete "
	               "\"${COMP_LINE:0:COMP_POINT}\" 2>/dev/null)\n"
	               /* For readline a word of ours begins behind its last colon. */
	               "\tlocal typed=${COMP_LINE:0:COMP_POINT}\n"
	               "\ttyped=${typed##*[[:blank:]]}\n"
	               "\tif [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
	               "\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"${typed%\"${typed##*:}\"}\"}\")\n\tfi\n");
	function_print(&program_controlplane, "_sluice_controlplane", "");
	function_print(&program_dataplane, "_sluice_dataplane", "");
	function_print(&program_capture, "_sluice_capture", "");
	function_print(&program_bench, "_sluice_bench", "");
	function_print(&program_flood, "_sluice_flood",
	               "\tmapfile -t COMPREPLY < <(cd /sys/class/net 2>/dev/null && compgen -f -- "
	               "\"$word\")\n");
}
