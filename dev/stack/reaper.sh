#!/bin/sh
# Cleans up after a process that was killed. That process holds the other end of this script's standard input and writes
# what it has started: `watch <process group>`, `release <process group>`, `directory <path>`. The input ends with the
# process; the script then removes what is left.
trap '' HUP INT TERM
groups=''
while read -r word value; do
  case $word in
    watch) groups="$groups $value" ;;
    release)
      kept=''
      for group in $groups; do
        [ "$group" = "$value" ] || kept="$kept $group"
      done
      groups=$kept
      ;;
    directory) set -- "$@" "$value" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done
# A killed process may still finish a write, so removal is repeated until it succeeds.
for attempt in 1 2 3 4 5; do
  rm -rf -- "$@" 2>/dev/null && exit 0
  sleep 1
done
