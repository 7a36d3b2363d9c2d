/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top.h"

#include "command/local.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sys/ioctl.h>

#define INTERVAL_S  2
#define ONCE_MS     500
#define WIDTH       80
#define HEIGHT      24
#define HEIGHT_ONCE 60

#define SCREEN_OTHER "\033[?1049h\033[?25l" /* the terminal's second screen, without a cursor */
#define SCREEN_BACK  "\033[?1049l\033[?25h"
#define SCREEN_HOME  "\033[H"
#define LINE_REST    "\033[K"
#define SCREEN_REST  "\033[J"

static void view_measure(struct top_view *view)
{
	struct winsize size;

	view->width = WIDTH;
	view->height = HEIGHT;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 &&
	    size.ws_row >= 10) {
		view->width = size.ws_col;
		view->height = size.ws_row;
	}
}

/* Over what was there, each line's rest cleared: no flicker. */
static void screen_show(const struct top_sample *before, const struct top_sample *now,
                        const struct top_view *view)
{
	char *text = NULL, *rest, *end;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	top_draw(out, before, now, view);
	fclose(out);
	fputs(SCREEN_HOME, stdout);
	for (rest = text; (end = strchr(rest, '\n')) != NULL; rest = end + 1)
		printf("%.*s" LINE_REST "%s", (int)(end - rest), rest,
		       end[1] != '\0' ? "\r\n" : "");
	fputs(SCREEN_REST, stdout);
	fflush(stdout);
	free(text);
}

static void filter_type(struct top_view *view, char key)
{
	size_t length = strlen(view->filter);

	if (key == '\r' || key == '\n' || key == '\033') {
		view->typing = false;
	} else if (key == 0x7f || key == '\b') {
		view->filter[length > 0 ? length - 1 : 0] = '\0';
	} else if (key > ' ' && key <= '~' && length + 1 < sizeof(view->filter)) {
		view->filter[length] = key;
		view->filter[length + 1] = '\0';
	}
}

/* false: leave. */
static bool key_take(struct top_view *view, char key)
{
	if (key == 3) /* ^C */
		return false;
	if (view->typing) {
		filter_type(view, key);
		return true;
	}
	if (key == 's')
		view->sort = (view->sort + 1) % TOP_SORTS;
	if (key == '/') {
		view->typing = true;
		view->filter[0] = '\0';
	}
	return key != 'q';
}

/* Until the next sample is due, or a key shall be seen at once. false: leave. */
static bool keys_await(struct top_view *view, int milliseconds)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char key;

	if (poll(&input, 1, milliseconds) <= 0)
		return true;
	return read(STDIN_FILENO, &key, 1) == 1 && key_take(view, key);
}

static int milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static int top_loop(struct session *session, int interval_ms)
{
	struct top_sample before = {0}, now = {0};
	struct top_view view = {.styled = true};
	int status = top_sample_take(session, &now), waited;
	bool stay = true;

	while (status == 0 && stay) {
		view_measure(&view);
		screen_show(before.at.tv_sec != 0 ? &before : &now, &now, &view);
		waited = milliseconds_since(&now.at);
		if (waited < interval_ms) {
			stay = keys_await(&view, interval_ms - waited);
			continue;
		}
		top_sample_free(&before);
		before = now;
		status = top_sample_take(session, &now);
	}
	top_sample_free(&before);
	top_sample_free(&now);
	return status;
}

static int top_once(struct session *session)
{
	struct top_view view = {.width = WIDTH, .height = HEIGHT_ONCE};
	struct top_sample before, now = {0};
	int status = top_sample_take(session, &before);

	if (status == 0) {
		poll(NULL, 0, ONCE_MS);
		status = top_sample_take(session, &now);
	}
	if (status == 0 && session->json)
		top_json(stdout, &before, &now);
	else if (status == 0)
		top_draw(stdout, &before, &now, &view);
	top_sample_free(&before);
	top_sample_free(&now);
	return status;
}

/* -- the terminal, which others shall have as it was, however this ends -- */

static struct termios kept; /* for terminal_die */
static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void terminal_leave(void)
{
	/* no stdio: what it holds is half a screen */
	(void)!write(STDOUT_FILENO, SCREEN_BACK, strlen(SCREEN_BACK));
	tcsetattr(STDIN_FILENO, TCSANOW, &kept);
}

static void terminal_die(int number)
{
	terminal_leave();
	raise(number); /* again, and by now it does what it does to everybody */
}

static void terminal_take(void)
{
	const struct sigaction action = {.sa_handler = terminal_die, .sa_flags = SA_RESETHAND};
	struct termios raw = kept;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(SCREEN_OTHER, stdout);
}

static void terminal_give_back(void)
{
	fflush(stdout);
	terminal_leave();
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
}

int top_run(struct session *session, const struct local_top *options, const char *prefix)
{
	uint32_t interval = options->interval_s != 0 ? options->interval_s : INTERVAL_S;
	int status;

	if (options->once || session->json || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &kept) != 0) {
		status = top_once(session);
	} else {
		terminal_take();
		status = top_loop(session, interval * 1000);
		terminal_give_back();
	}
	if (status < 0)
		session_fail(session, prefix, status,
		             "no daemon answers there, or not any more; is it running?");
	return status;
}
