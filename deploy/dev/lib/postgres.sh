# The private PostgreSQL cluster: where it lives, who runs it, start and stop. Sourced.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by database.sh
PG_ROLE=switchboard
# shellcheck disable=SC2034
PG_DATABASE=switchboard
# One login for each binary, named after the role that the migrations make for it.
# shellcheck disable=SC2034
PG_LOGINS=(api webhook worker operator)

start_postgres() {
  if [[ -n $(postgres_pid) ]]; then
    wait_for 30 postgres_answers || postgres_failed "PostgreSQL runs but does not answer"
    return 0
  fi
  place_postgres
  settle_stale_lock
  [[ -f $(postgres_data)/PG_VERSION ]] || init_cluster
  launch_postgres || postgres_failed "PostgreSQL did not start"
  wait_for 30 postgres_answers || postgres_failed "PostgreSQL does not answer"
}

# A lost race for the port shows as a failed start, so another port is tried.
launch_postgres() {
  local bin attempt
  bin=$(postgres_bin)
  fresh_log "$(postgres_log)"
  if is_root; then chown "$(pg_user):" "$(postgres_log)"; fi
  for attempt in 1 2 3; do
    write_settings "$(port_for POSTGRES_PORT)"
    as_pg "$bin/pg_ctl" start -D "$(postgres_data)" -l "$(postgres_log)" -w -t 60 -s \
      </dev/null >/dev/null 2>&1 && return 0
    say "PostgreSQL did not start (attempt $attempt)"
    forget_port POSTGRES_PORT
  done
  return 1
}

stop_postgres() {
  local pid
  pid=$(postgres_pid)
  [[ -n $pid ]] || return 0
  # Fast, then immediate shutdown. Never SIGKILL: its workers would outlive it.
  stop_process "$pid" 30 INT QUIT || die "PostgreSQL (process $pid) does not stop"
}

# The pid of the postmaster that serves our data directory, if it runs.
postgres_pid() {
  local pid data
  data=$(postgres_data)
  [[ -n $data ]] || return 0
  pid=$(read_pid "$data/postmaster.pid")
  if is_alive "$pid" && [[ $(command_line "$pid") == *"postgres -D $data "* ]]; then
    printf '%s\n' "$pid"
  fi
}

postgres_home() { recall places POSTGRES_HOME; }
postgres_log() { printf '%s/postgres.log\n' "$(postgres_home)"; }

postgres_data() {
  local home
  home=$(postgres_home)
  if [[ -n $home ]]; then printf '%s/data\n' "$home"; fi
}

# The programs that fit the cluster, or the newest ones for a new cluster.
postgres_bin() {
  local version=
  if [[ -f $(postgres_data)/PG_VERSION ]]; then version=$(<"$(postgres_data)/PG_VERSION"); fi
  find_postgres "$version" ||
    die "the data needs PostgreSQL $version; install it, or run: deploy/dev/services clean"
}

# The server refuses to run as root.
as_pg() {
  if ! is_root; then
    (cd / && "$@")
    return
  fi
  local user
  user=$(pg_user)
  if have setpriv; then
    (cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@")
  else
    (cd / && runuser -u "$user" -- "$@")
  fi
}

# The owner of the data, or who is to become it.
pg_user() {
  local home
  home=$(postgres_home)
  if [[ -d $home ]]; then
    stat -c %U "$home"
  elif id postgres >/dev/null 2>&1; then
    printf 'postgres\n'
  else
    printf 'nobody\n'
  fi
}

# Decides once where the data lives: under .dev unless the server's user cannot get there.
place_postgres() {
  local home
  home=$(postgres_home)
  if [[ -d $home ]]; then return 0; fi
  home="$DEV/postgres"
  if ! as_pg test -x "$DEV"; then
    home=$(mktemp -d "/var/tmp/switchboard-$(cksum <<<"$ROOT" | cut -d ' ' -f 1).XXXXXX")
    say "the database lives in $home: user $(pg_user) cannot enter $DEV"
  fi
  own_directory "$home"
  remember places POSTGRES_HOME "$home"
}

own_directory() {
  mkdir -p "$1"
  chmod 700 "$1"
  if is_root; then chown "$(pg_user):" "$1"; fi
}

# Finished aside and moved into place, so that an interrupted run leaves no half-made cluster.
init_cluster() {
  local home bin
  home=$(postgres_home)
  bin=$(postgres_bin)
  say "creating a PostgreSQL cluster in $home ..."
  rm -rf -- "$home/data.new" "$home/data"
  as_pg install -m 600 /dev/null "$home/password"
  secret POSTGRES_PASSWORD 16 >"$home/password"
  as_pg "$bin/initdb" -D "$home/data.new" -U "$PG_ROLE" --pwfile="$home/password" \
    --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C \
    </dev/null >"$DEV/log/initdb.log" 2>&1 || {
    show_log_tail "$DEV/log/initdb.log"
    die "initdb failed"
  }
  rm -f -- "$home/password"
  printf "include = 'switchboard.conf'\n" >>"$home/data.new/postgresql.conf"
  mv -- "$home/data.new" "$home/data"
}

# No unix socket: a deep checkout would exceed the length its path may have.
write_settings() {
  as_pg tee "$(postgres_data)/switchboard.conf" >/dev/null <<EOC
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
fsync = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
EOC
}

# A postmaster killed hard leaves its pid file. PostgreSQL copes with that unless the pid now
# belongs to another process, so then the file goes, once no worker of the dead server is left.
settle_stale_lock() {
  local file pid
  file="$(postgres_data)/postmaster.pid"
  [[ -f $file ]] || return 0
  wait_for 20 memory_is_unused "$file" || postgres_failed "workers of a dead PostgreSQL live on"
  pid=$(read_pid "$file")
  if is_alive "$pid"; then rm -f -- "$file"; fi
}

# Line 7 of the pid file names the shared memory segment; column 7 counts who is attached.
memory_is_unused() {
  local id
  [[ -r /proc/sysvipc/shm ]] || return 0
  id=$(awk 'NR == 7 { print $2 }' "$1")
  awk -v id="${id:-none}" '$2 == id && $7 > 0 { used = 1 } END { exit used }' /proc/sysvipc/shm
}

postgres_failed() {
  show_log_tail "$(postgres_log)"
  die "$1"
}
