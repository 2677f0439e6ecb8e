# Ports and processes, read from /proc so that neither ps nor ss is needed. Sourced.
# shellcheck shell=bash

# Below the range the kernel hands out to outgoing connections, so none of those is in the way.
FIRST_PORT=20000
PORT_COUNT=12000

is_listening() {
  local hex
  printf -v hex '%04X' "$1"
  grep -Eqs "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:[0-9A-F]+ 0A " /proc/net/tcp /proc/net/tcp6
}

# Prints the remembered port of that name, or a new free one when somebody else took it.
# Only for a server that is not running.
port_for() {
  local port
  port=$(recall ports "$1")
  while [[ -z $port ]] || is_listening "$port"; do
    port=$((FIRST_PORT + (RANDOM * 32768 + RANDOM) % PORT_COUNT))
    if grep -qs "=$port\$" "$DEV/ports"; then port=; fi
  done
  remember ports "$1" "$port"
  printf '%s\n' "$port"
}

# Makes the next port_for choose again.
forget_port() { remember ports "$1" ""; }

is_alive() { [[ -n $1 && -d /proc/$1 ]]; }

# The arguments of a process, separated by blanks; empty for one that is dead but not yet reaped.
command_line() { tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" || true; }

# Asks a process to end, then makes it: stop_process PID SECONDS SIGNAL [SIGNAL...]
# Each signal has SECONDS to work before the next one is sent.
stop_process() {
  local pid=$1 seconds=$2 signal
  shift 2
  for signal in "$@"; do
    kill -s "$signal" "$pid" 2>/dev/null || return 0
    if wait_for "$seconds" has_ended "$pid"; then return 0; fi
  done
  return 1
}

has_ended() { [[ -z $(command_line "$1") ]]; }

# Reads the first line of a pid file if it is a number.
read_pid() {
  local pid=
  if [[ -r $1 ]]; then read -r pid <"$1" || true; fi
  if [[ $pid =~ ^[1-9][0-9]*$ ]]; then printf '%s\n' "$pid"; fi
}
