/* SPDX-License-Identifier: BSD-3-Clause */
/* An endpoint's compound, decrypted: what it reports and asks for. RTCP ends here. */
#ifndef MEDIA_RTCP_RECEIVE_H
#define MEDIA_RTCP_RECEIVE_H

#include "media/state.h"

/* Compounds of one endpoint that are read in a second, and at once. */
#define RTCP_COMPOUNDS_PER_SECOND 500
#define RTCP_COMPOUNDS_BURST      100
/* SSRCs of one compound that are looked up, twice as many as there are blocks in a datagram;
 * further ones are taken for unknown. */
#define RTCP_LOOKUPS 128

/* The endpoint's owner. */
void rtcp_receive(struct media_worker *media_worker, struct endpoint *endpoint,
                  const uint8_t *compound, uint16_t length);

#endif
