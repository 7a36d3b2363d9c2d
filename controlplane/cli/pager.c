/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/wait.h>

/* Where no PAGER is set. */
#define PAGER_USUAL "if command -v less >/dev/null; then exec less; else exec cat; fi"

/* NULL: none is wanted. */
static const char *pager_command(void)
{
	const char *command = getenv("PAGER");

	if (command == NULL)
		return PAGER_USUAL;
	return command[0] == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

/* A line below is the prompt's. 0: stdout is no terminal that says how high it is. */
static uint32_t terminal_lines(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_row < 2)
		return 0;
	return size.ws_row - 1;
}

/* less quits where all fits, and leaves the text on the screen. It may run as root for a user who
 * may run this program alone: it starts no other one. */
static _Noreturn void child_run(int from)
{
	dup2(from, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LESSSECURE", "1", 1);
	execl("/bin/sh", "sh", "-c", pager_command(), (char *)NULL);
	_exit(127);
}

/* ^C is the pager's, whose end is a write that fails. */
static void signals_ignore(struct pager *pager)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &ignore, &pager->interrupt);
	sigaction(SIGPIPE, &ignore, &pager->pipe);
}

static void pager_start(struct pager *pager)
{
	int fds[2];

	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	pager->pid = fork();
	if (pager->pid == 0)
		child_run(fds[0]);
	close(fds[0]);
	if (pager->pid < 0) {
		close(fds[1]);
		return;
	}
	pager->fd = fds[1];
	signals_ignore(pager);
}

static bool bytes_write(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static bool bytes_hold(struct pager *pager, const char *bytes, size_t length)
{
	char *held;

	if (pager->length + length > pager->room) {
		held = realloc(pager->held, 2 * (pager->length + length));
		if (held == NULL)
			return false;
		pager->held = held;
		pager->room = 2 * (pager->length + length);
	}
	memcpy(pager->held + pager->length, bytes, length);
	pager->length += length;
	for (size_t i = 0; i < length; i++)
		pager->lines += bytes[i] == '\n';
	return true;
}

/* fopencookie(3): 0 is an error. */
static ssize_t on_write(void *cookie, const char *bytes, size_t length)
{
	struct pager *pager = cookie;

	if (pager->fd >= 0)
		return bytes_write(pager->fd, bytes, length) ? (ssize_t)length : 0;
	if (!bytes_hold(pager, bytes, length)) {
		pager->error = -ENOMEM;
		return 0;
	}
	if (pager->lines <= pager->most)
		return (ssize_t)length;
	pager_start(pager);
	if (pager->fd < 0) { /* then it stands on the screen as a whole */
		pager->most = UINT32_MAX;
		return (ssize_t)length;
	}
	return bytes_write(pager->fd, pager->held, pager->length) ? (ssize_t)length : 0;
}

FILE *pager_begin(struct pager *pager, bool wanted)
{
	const cookie_io_functions_t functions = {.write = on_write};
	uint32_t most = wanted && pager_command() != NULL ? terminal_lines() : 0;

	*pager = (struct pager){.fd = -1, .most = most};
	if (most != 0)
		pager->out = fopencookie(pager, "w", functions);
	return pager->out != NULL ? pager->out : stdout;
}

bool pager_is_left(const struct pager *pager)
{
	return pager->out != NULL && ferror(pager->out) != 0;
}

/* 0, or -ENOEXEC: as a shell tells of what cannot be run, or is not there. */
static int pager_wait(struct pager *pager)
{
	int status = 0;

	close(pager->fd);
	while (waitpid(pager->pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &pager->interrupt, NULL);
	sigaction(SIGPIPE, &pager->pipe, NULL);
	return WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
	               ? -ENOEXEC
	               : 0;
}

int pager_end(struct pager *pager)
{
	FILE *out = pager->out;
	int error;

	if (out == NULL)
		return 0;
	pager->out = NULL;
	fclose(out); /* what it has left may fail as well */
	error = pager->error;
	if (pager->fd >= 0) {
		error = pager_wait(pager);
	} else {
		fwrite(pager->held, 1, pager->length, stdout);
		fflush(stdout);
	}
	free(pager->held);
	pager->held = NULL;
	return error;
}
