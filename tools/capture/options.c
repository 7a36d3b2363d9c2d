/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include "common/option.h"

#include <sluice/api.h>

#define AT(member) offsetof(struct capture_options, member)

static const struct option_row options[] = {
        {'w', "write", "FILE",
         "the file, replaced once the capture has begun; - is stdout, which it is unless given",
         AT(file)},
        {'p', "points", "received|sent|dropped|decrypted",
         "where packets are seen, some of these with commas between; the first three unless given",
         AT(points)},
        {0, "decrypted", NULL,
         "plaintext RTP instead, with --stream or --endpoint; sluice-dataplane must run with "
         "--allow-decrypted",
         AT(decrypted)},
        {'c', "packets", "N", "end after so many packets", AT(packets)},
        {0, "bytes", "SIZE", "end after so many bytes; k, M and G may be written behind it",
         AT(bytes)},
        {0, "seconds", "N", "end after so long", AT(seconds)},
        {0, "snap", "BYTES", "of each packet at most, 64 to 65535", AT(snap)},
        {0, "sample", "N", "1 packet in N, on average", AT(sample)},
        {0, "direction", "in|out", "what comes in, or what goes out", AT(direction)},
        {0, "port", "NAME", "only of this port", AT(port)},
        {0, "allocation", "ID", "only of this allocation, both sides of it", AT(allocation)},
        {0, "user", "NAME", "only of this user's allocations", AT(user)},
        {0, "endpoint", "NAME", "only of this SRTP endpoint", AT(endpoint)},
        {0, "stream", "NAME", "only RTP of this stream, as it comes and as subscribers get it",
         AT(stream)},
        {0, "reason", "NAME", "only what was dropped for this reason, `drop.NAME` of the counters",
         AT(reason)},
        {0, "files", "N", "with the next two: keep the last N files, all unless given", AT(files)},
        {0, "file-size", "SIZE",
         "begin another file after so many bytes, and what comes within about 10 ms",
         AT(file_bytes)},
        {0, "file-seconds", "N", "begin another file after so long", AT(file_seconds)},
        {0, "buffer", "KIB", "of each worker, 64 to 65536; 16384 unless given", AT(buffer)},
        {'q', "quiet", NULL, "say nothing but errors", AT(quiet)},
        {'s', "socket", "SOCKET", "the dataplane's socket", AT(socket),
         .otherwise = SLUICE_DATAPLANE_SOCKET},
        {'V', "version", NULL, "print the version", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program program_capture = {
        .name = "sluice-capture",
        .synopsis = "[OPTION]... [FILTER]...",
        .summary = "capture packets of sluice as pcapng",
        .options = options,
};
