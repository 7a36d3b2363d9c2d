/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A forwarding unit in memory, the shipped nodes and the shipped model, and its parties: each
 * writes and reads its SRTP with libsrtp2, which knows nothing of our engines.
 *
 *   publisher 198.18.1.10 ---+                      +--- subscribers 198.18.1.11, .12, ...
 *                            +-- port 0, 198.18.1.1 +
 */
#ifndef MEDIA_FIXTURE_H
#define MEDIA_FIXTURE_H

#include <srtp2/srtp.h>

#include "media/rtcp_write.h"
#include "rig.h"

#include <sluice/media.h>

#define PARTIES_MAX   12
#define PARTY_MTU     1500
#define PARTY_PAYLOAD 200 /* bytes of what party_publish() sends */
/* What a party received and has not looked at. */
#define PARTY_QUEUE 256

struct party_packet {
	uint16_t length;
	bool rtcp;
	uint8_t bytes[PARTY_MTU]; /* plaintext */
};

#define PARTY_SSRCS 16

/* By an SSRC's low bits. */
struct party_memory {
	uint16_t latest[PARTY_SSRCS];               /* sequence number */
	uint64_t sums[PARTY_SSRCS][UINT16_MAX + 1]; /* of each one's SRTP packet */
	uint32_t repeated, reused;
};

struct party {
	char name[16];
	uint8_t profile; /* enum sluice_srtp_profile */
	struct transport_addr addr;
	uint16_t port; /* of ours, where it sends to; network order */
	uint8_t mki_length;
	uint8_t mki[SLUICE_MEDIA_MKI_MAX];
	struct sluice_endpoint endpoint; /* as it was added */
	srtp_t tx, rx;
	/* its network loses the packet with this sequence number, of this SSRC, once */
	uint32_t lose_ssrc;
	int32_t lose_seq; /* -1: none */
	uint32_t lost, unreadable;
	uint64_t bytes_sent, bytes_got; /* on the wire, IP and UDP headers counted as IPv6's */
	/* what it is sent again under an index shall be the same bytes; NULL: it may be sent
	 * nothing twice */
	struct party_memory *memory;
	/* each RTP packet that it could read, in place of the queue; or NULL */
	void (*took)(struct party *party, const struct party_packet *packet);
	uint32_t head, tail;
	struct party_packet queue[PARTY_QUEUE];
};

struct media_scene {
	struct rig rig;
	struct party parties[PARTIES_MAX];
	uint32_t n_parties;
	uint64_t tsc; /* the workers' clock: it stands still unless media_scene_pass moves it */
	uint8_t mki_length; /* of those that are added from now on */
};

/* cmocka group setup: libsrtp2 and EAL, once for a process. 0 or -1. */
int media_eal(void **state);

/* Where the next scene's ledger is; NULL: it has none. */
extern const char *media_scene_ledger;

struct media_scene *media_scene_create(uint16_t workers);
/* The dataplane is killed, and another one started at once; its parties know nothing of it. */
void media_scene_restart(struct media_scene *scene, uint16_t workers);
void media_scene_destroy(struct media_scene *scene);

/* An endpoint and who speaks there. */
struct party *party_add(struct media_scene *scene, const char *name, uint8_t profile);
/* One that is wherever its packets come from, at a port of ours of its own. */
struct party *party_add_learning(struct media_scene *scene, const char *name, uint8_t profile);
/* It sends from here from now on. */
void party_move(struct media_scene *scene, struct party *party, const char *ip, uint16_t port);
/* Its packets, both ways, carry this MKI. */
struct party *party_add_mki(struct media_scene *scene, const char *name, uint8_t profile,
                            const uint8_t *mki, uint8_t mki_length);
/* Other keys, made from `seed`: its own contexts begin again, and *set says it to us. */
void party_rekey(struct party *party, uint8_t seed, struct sluice_endpoint_set *set);
void stream_add(struct media_scene *scene, const char *name, const struct party *publisher,
                uint32_t ssrc, uint32_t clock_hz);
/* rtx_ssrc 0: repeats under its own SSRC. */
void subscription_add(struct media_scene *scene, const char *stream, const struct party *party,
                      uint32_t ssrc, uint32_t rtx_ssrc);

/* One RTP packet whose payload says its number; all that follows from it is done. */
void party_publish(struct media_scene *scene, struct party *party, uint32_t ssrc, uint16_t seq,
                   uint32_t timestamp);
/* Plaintext RTP or RTCP becomes what the party would send; returns its length. */
int party_protect(struct party *party, uint8_t *packet, int length);
/* A datagram, whatever is in it; all that follows from it is done. */
void party_send(struct media_scene *scene, struct party *party, const uint8_t *packet, int length);
/* The same for workers that walk by themselves: it is not waited for. */
void party_inject(struct media_scene *scene, struct party *party, const uint8_t *packet,
                  int length);
/* What has left by now. */
void media_scene_collect(struct media_scene *scene);
/* A compound; the writer begins anew. */
void party_report(struct media_scene *scene, struct party *party, struct rtcp_writer *writer);
/* Time passes, with its housekeeping, in steps of 10 ms. */
void media_scene_pass(struct media_scene *scene, uint32_t ms);

/* The next packet that it received: RTP or RTCP; NULL: none. */
const struct party_packet *party_next(struct party *party, bool rtcp);
/* Of all RTCP that it received: how many of a type and a format (-1: any); the last one and its
 * compound in *packet. */
uint32_t party_count(struct party *party, uint8_t type, int count, struct rtcp_packet *packet);
void party_forget(struct party *party);

#endif
