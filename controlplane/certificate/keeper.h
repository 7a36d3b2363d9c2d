/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps TURN's certificates: reads the files that `turn certificate` names, gives the dataplane
 * their text, and reads them again when they change, or when the configuration is reloaded. The
 * dataplane itself opens no file, and so may run without a right to any.
 */
#ifndef CERTIFICATE_KEEPER_H
#define CERTIFICATE_KEEPER_H

struct certificate_keeper;
struct dataplane_client;
struct event_base;
struct own;

/* Serves the lines of sluice/turn.h that are the control plane's. NULL: no memory. */
struct certificate_keeper *certificate_keeper_create(struct event_base *base, struct own *own);
void certificate_keeper_destroy(struct certificate_keeper *keeper);
void certificate_keeper_serve(struct certificate_keeper *keeper, struct dataplane_client *client);

/* The dataplane is perhaps a new one: it has them before it listens. */
void certificate_keeper_greeted(struct certificate_keeper *keeper);
/* The files may be others. */
void certificate_keeper_refresh(struct certificate_keeper *keeper);

#endif
