/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forged sources must never leave the laboratory: this program sends only in a network namespace
 * that tools/lab has made, which is known by the file that `ip netns` keeps it under.
 */
#include "flood.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NETNS_DIR  "/run/netns"
#define LAB_STATES "/run/sluice-lab*" /* one for each laboratory */
#define LAB_PREFIX "sluice-"

static bool is_lab_netns(const struct stat *own)
{
	char path[sizeof(NETNS_DIR) + 260];
	DIR *dir = opendir(NETNS_DIR);
	const struct dirent *entry;
	bool found = false;
	struct stat other;

	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, LAB_PREFIX, strlen(LAB_PREFIX)) != 0)
			continue;
		snprintf(path, sizeof(path), NETNS_DIR "/%s", entry->d_name);
		found = stat(path, &other) == 0 && other.st_dev == own->st_dev &&
		        other.st_ino == own->st_ino;
	}
	closedir(dir);
	return found;
}

static bool lab_is_up(void)
{
	glob_t states;
	bool found = glob(LAB_STATES, GLOB_NOSORT, NULL, &states) == 0;

	if (found)
		globfree(&states);
	return found;
}

const char *lab_refusal(void)
{
	struct stat own, first;

	if (stat("/proc/self/ns/net", &own) != 0)
		return "cannot tell which network namespace this is";
	if (stat("/proc/1/ns/net", &first) == 0 && own.st_ino == first.st_ino)
		return "this is the host's own network namespace";
	if (!lab_is_up() || !is_lab_netns(&own))
		return "this network namespace was not made by tools/lab";
	return NULL;
}
