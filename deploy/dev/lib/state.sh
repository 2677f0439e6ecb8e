# What is remembered between runs under .dev, and the locks that keep two runs apart. Sourced.
# shellcheck shell=bash

# Creates .dev. Others may pass through it (the database server of a root user has to) but not list it.
prepare_dev() {
  if ! mkdir -p "$DEV" 2>/dev/null || [[ ! -O $DEV ]]; then
    die "cannot use $DEV: it is not ours (did another user run this here?)"
  fi
  chmod 711 "$DEV"
}

# Runs the calling script again under the lock of that name: serialise LOCK ARGS...
# The lock is held by flock itself and closed for the script, so no server can inherit it.
serialise() {
  local lock="$DEV/$1.lock"
  shift
  if [[ ${SWITCHBOARD_LOCK:-} == "$lock" ]]; then
    unset SWITCHBOARD_LOCK
    return 0
  fi
  prepare_dev
  flock --nonblock "$lock" true || say "waiting for another run in this checkout ..."
  SWITCHBOARD_LOCK=$lock exec flock --close --wait 3600 "$lock" "$0" "$@"
}

# Starts over when .dev was copied here along with its checkout: its ports, paths and data
# belong to servers of the original.
own_dev() {
  local owner="$DEV/checkout"
  if [[ -e $owner && $(<"$owner") != "$ROOT" ]]; then
    say "$DEV was made for $(<"$owner"); starting over with an empty one"
    empty_dev
  fi
  printf '%s\n' "$ROOT" | write_file "$owner"
  mkdir -p "$DEV/log" "$DEV/run"
}

# Locks stay: a run that waits for one holds the file, not the name.
empty_dev() { find "$DEV" -mindepth 1 -maxdepth 1 ! -name '*.lock' -exec rm -rf -- {} +; }

# Prints the remembered value: recall FILE NAME
recall() {
  [[ -r $DEV/$1 ]] || return 0
  sed -n "s/^$2=//p" "$DEV/$1" | tail -n 1
}

# Replaces a remembered value: remember FILE NAME VALUE
remember() {
  (
    flock 8
    { grep -v "^$2=" "$DEV/$1" 2>/dev/null || true; printf '%s=%s\n' "$2" "$3"; } |
      write_file "$DEV/$1"
  ) 8>"$DEV/$1.lock"
}

# Prints a secret, generated at first use: secret NAME BYTES
secret() {
  local value
  value=$(recall secrets.env "$1")
  if [[ -z $value ]]; then
    value=$(random_hex "$2")
    remember secrets.env "$1" "$value"
  fi
  printf '%s\n' "$value"
}
