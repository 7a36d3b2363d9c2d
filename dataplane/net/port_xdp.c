/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/port_xdp.h"
#include "common/log.h"
#include "net/gate_map.h"

#include <sluice/api.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract socket lives in the network namespace, as the interface does, and dies with its
 * process. */
static int claim_take(const char *iface)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int length;

	if (fd < 0)
		return -errno;
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "sluice-port-%s",
	                  iface);
	if (bind(fd, (struct sockaddr *)&address,
	         offsetof(struct sockaddr_un, sun_path) + 1 + length) == 0)
		return fd;
	length = -errno;
	close(fd);
	return length;
}

/* Name of a program by its id; empty where it went away meanwhile. */
static void program_name(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = '\0';
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		snprintf(name, BPF_OBJ_NAME_LEN, "%s", info.name);
	close(fd);
}

static const struct {
	uint8_t attached;
	uint32_t flag;
	const char *name;
} modes[] = {
        {XDP_ATTACHED_DRV, XDP_FLAGS_DRV_MODE, "native"},
        {XDP_ATTACHED_SKB, XDP_FLAGS_SKB_MODE, "generic"},
        {XDP_ATTACHED_HW, XDP_FLAGS_HW_MODE, "offload"},
};

/* 0: no program is there now. The name of a foreign one goes into *why. */
static int program_take_over(const char *iface, bool quiet, char *why)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	char name[BPF_OBJ_NAME_LEN];
	int ifindex = if_nametoindex(iface);

	if (ifindex == 0 || bpf_xdp_query(ifindex, 0, &query) != 0 ||
	    query.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	program_name(query.prog_id, name);
	if (query.attach_mode == XDP_ATTACHED_MULTI || strcmp(name, GATE_PROGRAM) != 0) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "%s: a foreign XDP program is attached: \"%s\" (id %u)", iface, name,
		         query.prog_id);
		return -EBUSY;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (query.attach_mode == modes[i].attached)
			bpf_xdp_detach(ifindex, modes[i].flag, NULL);
	if (!quiet)
		log_info(SLUICE_LOG_PORT,
		         "%s: took over the XDP program that a killed process had left", iface);
	return 0;
}

int port_xdp_claim(const char *iface, int *claim, char *why)
{
	int ret;

	if (if_nametoindex(iface) == 0) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "no interface \"%.32s\" in this network namespace", iface);
		return -ENODEV;
	}
	*claim = claim_take(iface);
	if (*claim < 0) {
		snprintf(why, SLUICE_API_ERROR_MAX, "%s: another dataplane has this interface",
		         iface);
		return -EBUSY;
	}
	ret = program_take_over(iface, false, why);
	if (ret != 0) {
		close(*claim);
		*claim = -1;
	}
	return ret;
}

void port_xdp_report(const char *name, const char *iface)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(if_nametoindex(iface), 0, &query) == 0 &&
	    query.attach_mode == XDP_ATTACHED_SKB)
		log_warning(SLUICE_LOG_PORT,
		            "port %s: %s has no native XDP with this driver and MTU: generic mode, "
		            "slower",
		            name, iface);
}

void port_xdp_detach(const char *iface)
{
	char why[SLUICE_API_ERROR_MAX];

	program_take_over(iface, true, why);
}
