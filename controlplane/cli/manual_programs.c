/* SPDX-License-Identifier: BSD-3-Clause */
/* The pages of programs that have options and no commands of their own. */
#include "cli/manual.h"
#include "cli/roff.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX  8
#define SEE_ALSO_MAX 6

struct entry {
	const char *term, *text;
};

/* Each list ends with a NULL. */
struct page {
	const struct program *program;
	int section;
	const char *description[6];
	struct entry files[ENTRIES_MAX];
	struct entry environment[ENTRIES_MAX];
	struct entry signals[ENTRIES_MAX];
	struct entry status[ENTRIES_MAX];
	struct entry examples[ENTRIES_MAX]; /* a command, and what it is for */
	const char *see_also[SEE_ALSO_MAX];
};

#define JOURNAL                                                                                    \
	{                                                                                          \
		"JOURNAL_STREAM", "Set by systemd: where stderr is that stream, each line of the " \
		                  "log begins with its level."                                     \
	}
#define WATCHDOG                                                                                   \
	{                                                                                          \
		"WATCHDOG_USEC", "Set by systemd: how often it is to hear of progress, or it "     \
		                 "takes the process for hung."                                     \
	}
#define NOTIFY                                                                                     \
	{                                                                                          \
		"NOTIFY_SOCKET", "Where it says that it is ready, and that it stops (sd_notify)."  \
	}

static const struct page pages[] = {
        {
                .program = &program_controlplane,
                .section = 8,
                .description =
                        {"Reads the configuration, replays it into the dataplane whenever that "
                         "appears, and answers sluicectl(1). Either may die and come back alone: "
                         "media flow on without a control plane, and changes that are made while "
                         "the dataplane is away are replayed to it.",
                         "A line that the dataplane refuses takes nothing down: the others are in "
                         "force, that one is tried again every second, /readyz and the metrics "
                         "tell of it, and `config refused` names it."},
                .files = {{"/etc/sluice/sluice.conf", "The configuration."},
                          {"/run/sluice/control.sock",
                           "Where it listens, mode 0660: a user who may write there may do "
                           "everything."},
                          {"/run/sluice/dataplane.sock", "The dataplane."},
                          {"/var/lib/sluice", "The last view of the regions, to start with again."},
                          {"/etc/default/sluice-controlplane",
                           "`OPTIONS=`, which the unit passes on."}},
                .environment = {NOTIFY, WATCHDOG, JOURNAL},
                .signals = {{"SIGTERM, SIGINT", "End it. The dataplane goes on."},
                            {"SIGHUP", "Read the configuration again, as `config reload` does."},
                            {"SIGPIPE", "Is ignored."}},
                .status = {{"0", "It was ended by a signal, or the configuration of --check is "
                                 "right."},
                           {"1", "It could not start: a line on stderr says why."}},
                .examples = {{"sluice-controlplane --config new.conf --check",
                              "What is wrong with a configuration, if anything."}},
                .see_also = {"sluicectl(1)", "sluice.conf(5)", "sluice-dataplane(8)"},
        },
        {
                .program = &program_dataplane,
                .section = 8,
                .description =
                        {"Each worker is a thread with a core and a queue of each port of its "
                         "own, and polls. What the ports are, and what is served on them, comes "
                         "over the socket: from sluice-controlplane(8) as a rule. It reads no "
                         "configuration file and opens no path that it is sent.",
                         "Tables are sized at start by the options and never grow. A table that "
                         "is full refuses what is new; what is there goes on.",
                         "Packet memory lies on hugepages where enough of the default size are "
                         "free, or else on ordinary pages, with a warning. AF_XDP ports pin their "
                         "memory, which takes CAP_IPC_LOCK or LimitMEMLOCK=infinity.",
                         "It starts as root, or as any user with CAP_NET_ADMIN, CAP_NET_RAW, "
                         "CAP_BPF, CAP_PERFMON and CAP_IPC_LOCK, and keeps these alone, in the "
                         "thread that adds ports. The workers keep none. Under systemd it runs "
                         "as the user sluice."},
                .files = {{"/run/sluice/dataplane.sock",
                           "Where it listens, mode 0660: a user who may write there may do "
                           "everything."},
                          {"/sys/fs/bpf/sluice_gate_*",
                           "The maps of the gate, while a port has it attached. Under systemd they "
                           "are in /sys/fs/bpf/sluice, which the units see as /sys/fs/bpf."},
                          {"gate.bpf.o", "The XDP program; see --xdp-object."},
                          {"/etc/default/sluice-dataplane",
                           "`OPTIONS=`, which the unit passes on."}},
                .environment = {NOTIFY, WATCHDOG, JOURNAL},
                .signals = {{"SIGTERM, SIGINT",
                             "End it cleanly: XDP programs are detached, pins removed. "
                             "Allocations end with it."},
                            {"SIGHUP, SIGPIPE", "Are ignored."}},
                .status = {{"0", "It was ended by a signal."},
                           {"1", "It could not start: an option is wrong, another instance has the "
                                 "socket, or there is too little memory. A line on stderr says "
                                 "which."}},
                .examples = {{"sluice-dataplane --workers 4 --cpus 2-5 --poll busy",
                              "A host of its own: four cores that nothing else runs on."},
                             {"sluice-dataplane --max-allocations 1000000 --mbufs 262143",
                              "Room for a million allocations."},
                             {"sluice-dataplane --no-huge --max-endpoints 0",
                              "A TURN relay alone, without hugepages."}},
                .see_also = {"sluicectl(1)", "sluice-capture(1)", "sluice-bench(1)",
                             "sluice-controlplane(8)"},
        },
        {
                .program = &program_capture,
                .section = 1,
                .description =
                        {"The kernel does not see sluice's packets, so neither does tcpdump(8). "
                         "This program opens a file and hands its descriptor to the dataplane, "
                         "which writes pcapng into it: for each packet the port, the queue, the "
                         "direction, and as a comment where it was seen and why it was dropped. It "
                         "may be a pipe: `sluice-capture | wireshark -k -i -`.",
                         "FILTER is an expression of pcap-filter(7), over Ethernet frames. What "
                         "else chooses packets is an option; all that is given has to match. A "
                         "dropped packet that has lost its headers by then is shown with new "
                         "ones.",
                         "Traffic never waits for a capture: what the buffers have no room for is "
                         "counted as lost, here and in the file's statistics blocks. A reader that "
                         "takes nothing for 3 seconds ends the capture, and so does the end of "
                         "this program.",
                         "Of a dropped media packet no more than its RTP header is shown, unless "
                         "--decrypted is given as well."},
                .files = {{"/run/sluice/dataplane.sock", "The dataplane."}},
                .signals = {{"SIGINT, SIGTERM", "End the capture; the file is whole."}},
                .status = {{"0", "The capture has ended as it was asked to."},
                           {"1", "It could not begin, or could not be written: a line on stderr "
                                 "says why."}},
                .examples = {{"sluice-capture -w all.pcapng --file-size 100M --files 10",
                              "The last 1000 megabytes, in ten files."},
                             {"sluice-capture -w call.pcapng --user alice",
                              "The allocations of a user, both sides."},
                             {"sluice-capture -w lost.pcapng --reason turn_no_permission host "
                              "192.0.2.7",
                              "What was dropped for a reason, of one host."},
                             {"sluice-capture --sample 1000 --snap 128 | tshark -r -",
                              "The beginnings of a packet in a thousand, as text."}},
                .see_also = {"sluicectl(1)", "pcap-filter(7)", "sluice-dataplane(8)"},
        },
        {
                .program = &program_bench,
                .section = 1,
                .description =
                        {"The nodes that sluice-dataplane(8) runs, in this process, between ports "
                         "that are rings in memory. Nothing is sent anywhere and no privilege is "
                         "needed, but root for the cases gate/xdp, which are left out without.",
                         "CASE-GLOB chooses cases by their paths, as turn/to_peer/160/1000: quote "
                         "it. All cases of a bench run unless it is given, which takes from "
                         "seconds to minutes.",
                         "Each row has its rate, in millions of packets or requests a second, its "
                         "time in nanoseconds, and its limit: what the least that does the same "
                         "reaches, measured in the same run. On a host with other work the best "
                         "round is the one to compare.",
                         "With -j: {\"bench\", \"cpu\", \"rows\": [{\"case\", \"mpps\", \"ns\", "
                         "\"limit\", \"limit_mpps\", \"ratio\", ...}]}."},
                .files = {{"/sys/kernel/mm/hugepages",
                           "Hugepages are used where enough of them are free: 700 of 2 MiB for "
                           "1,000,000 allocations."}},
                .status = {{"0", "Every case that was chosen was measured."},
                           {"1", "None was chosen, memory is short, or a node did not do what it "
                                 "should: a line on stderr says which."}},
                .examples = {{"sluice-bench turn 'turn/to_peer/160/*'",
                              "Relaying of 160 bytes, by the number of allocations."},
                             {"sluice-bench srtp -j 'srtp/gcm128/ipsec-mb/1000/*'",
                              "A profile, an engine and a size, as JSON."},
                             {"sluice-bench gate", "What each verdict costs."}},
                .see_also = {"sluice-dataplane(8)", "sluice-flood(1)"},
        },
        {
                .program = &program_flood,
                .section = 1,
                .description =
                        {"Raw frames with forged sources leave by IFACE, and what they bring back "
                         "is counted there: packets, IP bytes, and their ratio to what was sent, "
                         "of all seconds and of the worst.",
                         "It runs only in a network namespace that tools/lab has made, and refuses "
                         "everywhere else; it is built with sluice and never installed. Sources of "
                         "the spread are drawn from all addresses that are routed."},
                .files = {{"/run/netns/sluice-*", "The laboratory's network namespaces."},
                          {"/run/sluice-lab", "That there is a laboratory."}},
                .status = {{"0", "It was sent; the ratio may be what it will."},
                           {"1", "An option is wrong, this is no laboratory, or IFACE does not "
                                 "send: a line on stderr says which."}},
                .examples = {{"tools/lab exec client sluice-flood eth0 --to 198.18.1.1 --mac "
                              "02:00:00:00:00:01 --source spread",
                              "20000 Allocates a second from everywhere, for 10 seconds."},
                             {"tools/lab exec client sluice-flood eth0 --to 2001:2:0:1::1 --mac "
                              "02:00:00:00:00:01 --kind forged --source net --json",
                              "Forged nonces from an IPv6 /48, the count as JSON."},
                             {"tools/lab exec client sluice-flood eth0 --to 198.18.1.1 --mac "
                              "02:00:00:00:00:01 --kind signed --victim 198.18.1.2 --source-port "
                              "40404",
                              "Refreshes with a nonce of 198.18.1.2's own, which is asked for "
                              "first."}},
                .see_also = {"sluicectl(1)", "sluice-bench(1)"},
        },
};

static void entries_print(const char *heading, const struct entry *entries)
{
	if (entries->term == NULL)
		return;
	roff_line(".SH", heading);
	for (; entries->term != NULL; entries++)
		roff_entry(entries->term, entries->text);
}

static void words_print(const struct program *program)
{
	if (program->words_title == NULL)
		return;
	printf(".SS The %s\n", program->words_title);
	for (const struct program_word *word = program->words; word->name != NULL; word++)
		roff_entry(word->name, word->help);
}

static void examples_print(const struct entry *examples)
{
	puts(".SH EXAMPLES");
	for (; examples->term != NULL; examples++)
		roff_example(examples->term, examples->text);
}

static void page_print(const struct page *page)
{
	roff_title(page->program->name, page->section, page->program->summary);
	roff_synopsis(page->program);
	puts(".SH DESCRIPTION");
	for (const char *const *text = page->description; *text != NULL; text++)
		roff_paragraph(*text);
	roff_options(page->program);
	words_print(page->program);
	entries_print("FILES", page->files);
	entries_print("ENVIRONMENT", page->environment);
	entries_print("SIGNALS", page->signals);
	entries_print("EXIT STATUS", page->status);
	examples_print(page->examples);
	roff_see_also(page->see_also);
}

bool program_page_print(const char *name)
{
	char own[64];

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		snprintf(own, sizeof(own), "%s.%d", pages[i].program->name, pages[i].section);
		if (strcmp(own, name) != 0)
			continue;
		page_print(&pages[i]);
		return true;
	}
	return false;
}
