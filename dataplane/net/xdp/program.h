/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate on an interface: its own copy of the program with its own map of sockets, attached by a
 * BPF link, which ends with the process and which no other process can detach.
 */
#ifndef NET_XDP_PROGRAM_H
#define NET_XDP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;

#define XDP_SOCKETS_MAX 256 /* of the program's map */

struct xdp_program {
	struct bpf_object *object;
	int sockets; /* xsks_map, by queue */
	int link;    /* -1: not attached */
	bool frags;  /* frames may lie in several of the driver's buffers */
	bool generic;
};

/*
 * Makes the interface ours to use: no other dataplane has it, no foreign program is attached; a
 * program of ours that a killed process left is detached. *claim is a descriptor to close when the
 * port ends. 0 or -errno with *why.
 */
int xdp_claim(const char *iface, int *claim, char *why);
/* Only the first of these: the program there is ours already. */
int xdp_claim_name(const char *iface, int *claim, char *why);

/* Sizes of maps that the dataplane's options decide. */
struct xdp_sizes {
	uint32_t seen;    /* words of arrivals */
	uint32_t clients; /* entries: turn/callers.h */
};

/* Loads the object. frags: see above. 0 or -errno with *why. */
int xdp_program_load(struct xdp_program *program, const char *path, const struct xdp_sizes *sizes,
                     bool frags, char *why);
/* Natively where the driver can and `generic` does not forbid it, else in the kernel's generic
 * mode. */
int xdp_program_attach(struct xdp_program *program, int ifindex, bool generic, char *why);
/* Only natively; for an error nothing is said. */
int xdp_program_attach_native(struct xdp_program *program, int ifindex);
/* In place of the program of this link, which is ours from then on: no packet sees none. For an
 * error nothing is said, and the link is closed. */
int xdp_program_replace(struct xdp_program *program, int link);
/* The queue's packets go to this socket, and nowhere before that is bound. */
int xdp_program_redirect(const struct xdp_program *program, uint32_t queue, int socket);
/* Detaches it as well. */
void xdp_program_unload(struct xdp_program *program);

#endif
