/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parties of rtcp_fixture.h say, and what comes of it upstream. */
#ifndef RTCP_PARTIES_H
#define RTCP_PARTIES_H

#include "rtcp_fixture.h"

extern struct dataplane *dp;
/* Where writer_new() writes. */
extern uint8_t room[1500];

int dp_setup(void **state);
int dp_teardown(void **state);
int scene_setup(void **state);
int scene_teardown(void **state);
struct rtcp_writer writer_new(void);
uint64_t counter(const struct rtcp_scene *scene, enum media_counter which);
void pli(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc);
void fir(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc, uint8_t sender,
         uint8_t number);

/* A leg asks for source indices, in its own numbering. */
void nack(struct rtcp_scene *scene, uint32_t leg, const uint64_t *indices, uint32_t count);
void packets(struct rtcp_scene *scene, uint64_t first, uint64_t last);
uint32_t plis_upstream(struct rtcp_scene *scene);
uint32_t nacks_upstream(struct rtcp_scene *scene, uint16_t *pid, uint16_t *blp);
uint32_t byes(struct rtcp_scene *scene, uint32_t endpoint, uint32_t *ssrc);

#endif
