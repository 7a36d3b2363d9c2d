/* SPDX-License-Identifier: BSD-3-Clause */
/* What the thread of handshakes works on, without the thread: a test runs it by hand. */
#ifndef DTLS_FIXTURE_H
#define DTLS_FIXTURE_H

struct dataplane;
struct dtls;

/* With a certificate of its own and a place for each of the dataplane's sessions. */
void dtls_fill(struct dtls *dtls, struct dataplane *dp);
void dtls_clear(struct dtls *dtls);

#endif
