/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xdp/program.h"
#include "common/log.h"
#include "net/gate_map.h"

#include <sluice/api.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS_MAP "xsks_map"
#define SEEN_MAP    GATE_PIN_PREFIX "seen"
#define CLIENTS_MAP GATE_PIN_PREFIX "clients"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

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

/* Name of a program by its id; empty where it went away meanwhile, or the kernel tells it only with
 * CAP_SYS_ADMIN. */
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
static int program_take_over(const char *iface, char *why)
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
		         "%s: a foreign XDP program is attached: id %u%s%s", iface, query.prog_id,
		         name[0] != '\0' ? ", " : "", name);
		return -EBUSY;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (query.attach_mode == modes[i].attached)
			bpf_xdp_detach(ifindex, modes[i].flag, NULL);
	log_info(SLUICE_LOG_PORT, "%s: took over the XDP program that a killed process had left",
	         iface);
	return 0;
}

int xdp_claim_name(const char *iface, int *claim, char *why)
{
	if (if_nametoindex(iface) == 0) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "no interface \"%.32s\" in this network namespace", iface);
		return -ENODEV;
	}
	*claim = claim_take(iface);
	if (*claim < 0) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "%s is a port of another sluice-dataplane in this network namespace",
		         iface);
		return -EBUSY;
	}
	return 0;
}

int xdp_claim(const char *iface, int *claim, char *why)
{
	int ret = xdp_claim_name(iface, claim, why);

	if (ret != 0)
		return ret;
	ret = program_take_over(iface, why);
	if (ret != 0) {
		close(*claim);
		*claim = -1;
	}
	return ret;
}

/* What stands in the way of loading, and what to do about it. */
static const struct {
	int error;
	const char *cure;
} load_cures[] = {
        {EPERM,
         "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: start as root or give the unit these "
         "capabilities"},
        {EACCES, "the kernel's verifier refused it, or the file may not be read"},
        {ENOENT, "no such file: install gate.bpf.o or name it with --xdp-object"},
        {ENOMEM, "locked memory is used up: raise RLIMIT_MEMLOCK (LimitMEMLOCK=infinity)"},
};

static int load_failed(const char *path, int error, char *why)
{
	struct statfs fs;
	const char *cure = NULL;

	if (access(path, R_OK) == 0 &&
	    (statfs(GATE_PIN_DIR, &fs) != 0 || fs.f_type != BPF_FS_MAGIC)) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "no BPF file system at " GATE_PIN_DIR
		         " for the gate's maps: mount -t bpf bpf " GATE_PIN_DIR);
		return -error;
	}
	for (size_t i = 0; i < sizeof(load_cures) / sizeof(load_cures[0]); i++)
		if (load_cures[i].error == error)
			cure = load_cures[i].cure;
	snprintf(why, SLUICE_API_ERROR_MAX, "XDP object %.120s: %s%s%s", path, strerror(error),
	         cure != NULL ? ": " : "", cure != NULL ? cure : "");
	return -error;
}

static void map_resize(const struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (map != NULL)
		bpf_map__set_max_entries(map, entries);
}

int xdp_program_load(struct xdp_program *program, const char *path, const struct xdp_sizes *sizes,
                     bool frags, char *why)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .pin_root_path = GATE_PIN_DIR);
	struct bpf_program *gate;
	int ret;

	*program = (struct xdp_program){.link = -1, .sockets = -1, .frags = frags};
	program->object = bpf_object__open_file(path, &options);
	if (program->object == NULL)
		return load_failed(path, errno, why);
	gate = bpf_object__find_program_by_name(program->object, GATE_PROGRAM);
	program->sockets = -ENOENT;
	if (gate == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "XDP object %.120s has no program \"%s\"", path,
		         GATE_PROGRAM);
		xdp_program_unload(program);
		return -EINVAL;
	}
	if (frags)
		bpf_program__set_flags(gate, bpf_program__flags(gate) | BPF_F_XDP_HAS_FRAGS);
	map_resize(program->object, SEEN_MAP, sizes->seen);
	map_resize(program->object, CLIENTS_MAP, sizes->clients);
	ret = bpf_object__load(program->object);
	if (ret == 0) {
		program->sockets = bpf_object__find_map_fd_by_name(program->object, SOCKETS_MAP);
		if (program->sockets >= 0)
			return 0;
		ret = program->sockets;
	}
	xdp_program_unload(program);
	return load_failed(path, -ret, why);
}

static int attach(struct xdp_program *program, int ifindex, uint32_t mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);
	const struct bpf_program *gate =
	        bpf_object__find_program_by_name(program->object, GATE_PROGRAM);
	int link = bpf_link_create(bpf_program__fd(gate), ifindex, BPF_XDP, &options);

	if (link < 0)
		return link;
	program->link = link;
	program->generic = mode == XDP_FLAGS_SKB_MODE;
	return 0;
}

int xdp_program_attach_native(struct xdp_program *program, int ifindex)
{
	return attach(program, ifindex, XDP_FLAGS_DRV_MODE);
}

int xdp_program_attach(struct xdp_program *program, int ifindex, bool generic, char *why)
{
	int ret = generic ? -EOPNOTSUPP : attach(program, ifindex, XDP_FLAGS_DRV_MODE);

	if (ret != 0)
		ret = attach(program, ifindex, XDP_FLAGS_SKB_MODE);
	if (ret != 0)
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "the gate cannot be attached: %s (needs CAP_NET_ADMIN, and a kernel from "
		         "5.9 on)",
		         strerror(-ret));
	return ret;
}

int xdp_program_replace(struct xdp_program *program, int link)
{
	const struct bpf_program *gate =
	        bpf_object__find_program_by_name(program->object, GATE_PROGRAM);
	int ret = bpf_link_update(link, bpf_program__fd(gate), NULL);

	if (ret == 0)
		program->link = link;
	else
		close(link);
	return ret;
}

int xdp_program_redirect(const struct xdp_program *program, uint32_t queue, int socket)
{
	return bpf_map_update_elem(program->sockets, &queue, &socket, BPF_ANY) == 0 ? 0 : -errno;
}

void xdp_program_unload(struct xdp_program *program)
{
	if (program->link >= 0)
		close(program->link);
	bpf_object__close(program->object);
	*program = (struct xdp_program){.link = -1, .sockets = -1};
}
