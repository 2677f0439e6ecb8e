# Paths, messages and small helpers shared by the scripts in deploy/dev. Sourced, never run.
# shellcheck shell=bash

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd -P)
# shellcheck disable=SC2034 # used by the files sourced after this one
DEV=$(readlink -f -- "$ROOT/.dev")
# Settings of the caller's own databases must not steer ours.
unset "${!PG@}"
# What these scripts write holds passwords and tokens; what cargo builds does not.
export SWITCHBOARD_UMASK=${SWITCHBOARD_UMASK:-$(umask)}
umask 077

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs cargo in the checkout, with the caller's idea of file permissions.
run_cargo() (
  umask "$SWITCHBOARD_UMASK"
  cd -- "$ROOT" || exit 1
  exec cargo "$@"
)

is_root() { [[ $(id -u) == 0 ]]; }

# Runs a command as root: directly, or through sudo when that asks for no password.
as_root() {
  if is_root; then "$@"; else sudo -n -- "$@"; fi
}

can_be_root() { is_root || { have sudo && sudo -n true 2>/dev/null; }; }

# Repeats a command until it succeeds: wait_for SECONDS COMMAND...
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# The argument as one word that a shell reads back unchanged.
quote() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Prints NAME='value' for each named variable.
print_variables() {
  local name
  for name in "$@"; do
    printf '%s=%s\n' "$name" "$(quote "${!name}")"
  done
}

# Replaces a file at once with what stands on standard input.
write_file() {
  local target=$1
  cat >"$target.new"
  mv -f -- "$target.new" "$target"
}

show_log_tail() {
  [[ -s $1 ]] || return 0
  say "--- last lines of $1"
  tail -n "${2:-25}" -- "$1" >&2
  say "---"
}

# Sets the log of the previous run aside.
fresh_log() {
  if [[ -s $1 ]]; then mv -f -- "$1" "$1.1"; fi
  : >"$1"
}
