#!/bin/sh
# Runs a fuzz target: run.sh PROGRAM READER SECONDS [OPTION ...]. The corpus in the tree is read; what is found on the way stays
# in a folder of its own, which this prints. Inputs of up to 1 MiB, a gigabyte of memory; the targets count CPU time themselves.
set -eu
program=$1
reader=$2
seconds=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
found=${KNETSIM_FUZZ_FOUND:-$(dirname "$program")/fuzz_found}/$reader
mkdir -p "$found"
memory=1024
[ "$reader" != results ] || memory=0 # its children have limits of their own, and a fork wants no thread that watches
echo "found inputs: $found"
exec "$program" -max_total_time="$seconds" -max_len=1048576 -timeout=120 -rss_limit_mb="$memory" -print_final_stats=1 \
  -dict="$here/words.dict" -artifact_prefix="$found/" "$@" "$found" "$here/corpus/$reader"
