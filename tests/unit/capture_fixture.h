/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures of a rig, from their beginning to what they wrote. */
#ifndef CAPTURE_FIXTURE_H
#define CAPTURE_FIXTURE_H

#include "capture/capture.h"
#include "pcapng_reader.h"
#include "rig.h"

#define POINT(name) (1u << SLUICE_CAPTURE_##name)
#define ALL_POINTS  (POINT(RECEIVED) | POINT(SENT) | POINT(DROPPED))
#define WAIT_MS     10000

/* What the last capture that has ended wrote. */
extern struct read_file file;

struct sluice_capture wanted(uint32_t points);
/* A file in memory. */
int file_open(void);

/* Takes fd. Workers copy for it when this returns. */
struct capture *begin_at(struct rig *rig, const struct sluice_capture *want, int fd);
/* The capture has a descriptor of its own. */
struct capture *begin(struct rig *rig, const struct sluice_capture *want, int fd);
/* It must be: the error, and in *why the line. */
int refused_why(struct rig *rig, const struct sluice_capture *want, int fd,
                char why[SLUICE_API_ERROR_MAX]);
int refused(struct rig *rig, const struct sluice_capture *want, int fd);

struct sluice_capture_row row_of(const struct capture *capture);
void pause_ms(long ms);
void await_done(struct rig *rig, const struct capture *capture);
/* All that were released are gone. */
void await_none(struct rig *rig);
void await_written(const struct capture *capture, uint64_t packets);
/* Stops it, reads what is in fd into `file`, and forgets the capture; fd is closed. */
struct sluice_capture_row end(struct rig *rig, struct capture *capture, int fd);

bool starts(const char *text, const char *with);

#endif
