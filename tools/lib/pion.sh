# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Programs on Debian's pion packages, for benches and tests that source say.sh first.

GOCODE=/usr/share/gocode

# What is missing, in a line; nothing where it is all there.
pion_missing() {
	command -v go >/dev/null && [[ -d $GOCODE/src/github.com/pion/webrtc ]] ||
		echo "no golang-go or golang-github-pion-webrtc.v3-dev (tools/install-deps peers)"
}

# pion_build PROGRAM FOLDER FILE...: in this folder; what is compiled of the packages is kept for the next time
pion_build() {
	local program=$1 folder=$2 cache=${SLUICE_BUILD:-$SLUICE_ROOT/build}/go
	mkdir -p "$folder/src/program" "$cache" && cp "${@:3}" "$folder/src/program" && echo 'module program' >"$folder/src/program/go.mod" || return
	(cd "$folder/src/program" && GOCACHE=$cache GOFLAGS=-p=2 GO111MODULE=off GOPATH=$folder:$GOCODE go build -o "$program" program)
}
