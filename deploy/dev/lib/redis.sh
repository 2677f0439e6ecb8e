# The three private Redis servers. Each can be flushed or killed without the others noticing. Sourced.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by services
REDIS_NAMES=(session cache ratelimit)

redis_port_name() { printf 'REDIS_%s_PORT\n' "${1^^}"; }
redis_port() { recall ports "$(redis_port_name "$1")"; }
redis_log() { printf '%s/log/redis-%s.log\n' "$DEV" "$1"; }

start_redis() {
  local name=$1 attempt
  if [[ -z $(redis_pid "$name") ]]; then fresh_log "$(redis_log "$name")"; fi
  for attempt in 1 2 3; do
    if [[ -z $(redis_pid "$name") ]]; then launch_redis "$name"; fi
    if wait_for 10 redis_answers "$name"; then return 0; fi
    say "redis $name did not start (attempt $attempt)"
    stop_redis "$name"
    forget_port "$(redis_port_name "$name")"
  done
  show_log_tail "$(redis_log "$name")"
  die "redis $name does not answer"
}

launch_redis() {
  local name=$1 dir port
  dir="$DEV/redis/$name"
  mkdir -p "$dir"
  stop_redis "$name"
  port=$(port_for "$(redis_port_name "$name")")
  write_redis_config "$name" "$dir" "$port" | write_file "$dir/redis.conf"
  (cd "$dir" && redis-server redis.conf </dev/null >>"$(redis_log "$name")" 2>&1) || true
}

write_redis_config() {
  cat <<EOC
bind 127.0.0.1
port $3
requirepass $(secret REDIS_PASSWORD 16)
daemonize yes
dir "$2"
pidfile ""
logfile "$(redis_log "$1")"
save ""
appendonly no
EOC
  if [[ $1 == cache ]]; then
    printf 'maxmemory 256mb\nmaxmemory-policy allkeys-lru\n'
  fi
}

stop_redis() {
  local pid
  for pid in $(redis_pids "$DEV/redis/$1") $(redis_pids "$DEV/redis/$1 (deleted)"); do
    stop_process "$pid" 10 TERM KILL || die "redis $1 (process $pid) does not stop"
  done
}

redis_pid() { redis_pids "$DEV/redis/$1" | head -n 1; }

# The servers that work in a directory. Redis replaces its arguments by a title of its own, but
# the directory tells whose it is, also when files were lost or the checkout was cleaned.
redis_pids() {
  local link pid
  while IFS= read -r link; do
    pid=${link#/proc/}
    pid=${pid%/cwd}
    if [[ $(command_line "$pid") == *redis-server* ]]; then printf '%s\n' "$pid"; fi
  done < <(find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$1" 2>/dev/null)
}

# True when our own process answers on its port; a stranger would not know the password.
redis_answers() {
  local port
  port=$(redis_port "$1")
  [[ -n $port && -n $(redis_pid "$1") ]] && redis_ping "$port" 2>/dev/null
}

redis_ping() (
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'AUTH %s\r\nPING\r\n' "$(recall secrets.env REDIS_PASSWORD)" >&3
  read -r -t 2 line <&3 && [[ $line == +OK* ]] || exit 1
  read -r -t 2 line <&3 && [[ $line == +PONG* ]]
)

redis_url() {
  printf 'redis://default:%s@127.0.0.1:%s/0\n' "$(recall secrets.env REDIS_PASSWORD)" "$(redis_port "$1")"
}
