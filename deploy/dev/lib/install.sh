# Finds the programs that are needed and installs what is missing. Sourced.
# shellcheck shell=bash

POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# switchboard: only while packages are being installed'

# Installs packages, or says which ones somebody has to install.
install_packages() {
  local log="$DEV/log/apt.log"
  if ! have apt-get || ! can_be_root; then
    say "missing packages: $*"
    die "install them (for example: sudo apt-get install $*) and run this again"
  fi
  mkdir -p "$DEV/log"
  say "installing $* (log: $log) ..."
  if ! apt_install "$@" >"$log" 2>&1; then
    show_log_tail "$log"
    die "apt-get could not install: $*"
  fi
  hash -r
}

# A subshell, so that its trap is not the caller's.
apt_install() (
  trap lift_autostart_ban EXIT
  trap 'exit 130' INT TERM
  ban_autostart
  # A mirror that cannot be refreshed matters only if the install then fails as well.
  run_apt update || true
  run_apt install -y --no-install-recommends "$@"
)

run_apt() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Keeps Debian from starting its own servers during the install. A policy already there stays.
ban_autostart() {
  [[ ! -e $POLICY ]] || return 0
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
}

lift_autostart_ban() {
  if grep -qsxF "$POLICY_MARK" "$POLICY"; then as_root rm -f "$POLICY"; fi
}

# Prints the directory of the newest PostgreSQL server, or of the given major version. PATH is
# asked last because Debian keeps initdb and pg_ctl off it.
# shellcheck disable=SC2120 # the version is optional
find_postgres() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(initdb_directory)"; do
    if is_postgres "$dir" "${1:-}"; then
      printf '%s\n' "$dir"
      return 0
    fi
  done
  return 1
}

initdb_directory() { dirname -- "$(readlink -f -- "$(command -v initdb)")"; }

# True for a directory with all we call, and of the major version if one is given.
is_postgres() {
  local program
  for program in initdb pg_ctl postgres psql; do
    [[ -x $1/$program ]] || return 1
  done
  [[ -z $2 || $("$1/postgres" --version) =~ [[:blank:]]$2([^0-9]|$) ]]
}

# shellcheck disable=SC2119
require_servers() {
  local missing=()
  find_postgres >/dev/null || missing+=(postgresql)
  have redis-server || missing+=(redis-server)
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  find_postgres >/dev/null || die "no PostgreSQL server found after the install"
  have redis-server || die "no redis-server found after the install"
}

# Cargo, and the C compiler that Rust links with.
require_rust() {
  if ! have cargo; then PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; fi
  have cargo || die "cargo is missing; install Rust from https://rustup.rs"
  have cc || install_packages build-essential
}

# What programs of customers are run with, and certificates made.
require_clients() {
  local missing=()
  have curl || missing+=(curl)
  have openssl || missing+=(openssl)
  have node || missing+=(nodejs)
  have npm || missing+=(npm)
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  node_is_young || die "node is older than 18; install Node 18 or newer"
}

node_is_young() {
  local version
  version=$(node --version) && version=${version#v} && ((${version%%.*} >= 18))
}

# Python with what it takes to make a virtual environment.
require_python() {
  if ! have python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages python3 python3-venv
  fi
}
