# Starts, watches and stops our own binaries. Sourced after settings.sh.
# shellcheck shell=bash

READY_SECONDS=60
STOP_SECONDS=20

app_name() {
  local name=${1^^}
  printf '%s\n' "${name//-/_}"
}

app_port() { recall ports "$(app_name "$1")_PORT"; }
app_url() { printf 'http://127.0.0.1:%s\n' "$(app_port "$1")"; }
app_log() { printf '%s/log/%s.log\n' "$DEV" "$1"; }
app_run() { printf '%s/run/%s\n' "$DEV" "$1"; }

# The pid, if the process is still the one we started.
app_pid() {
  local pid binary=
  pid=$(read_pid "$(app_run "$1").pid")
  if [[ -r $(app_run "$1").start ]]; then read -r binary <"$(app_run "$1").start" || true; fi
  if [[ -n $binary ]] && is_alive "$pid" && [[ "$(command_line "$pid")" == "$binary "* ]]; then
    printf '%s\n' "$pid"
  fi
}

# Gives each binary that does not run a free port.
choose_app_ports() {
  local name
  for name in "${APPS[@]}"; do
    if [[ -z $(app_pid "$name") ]]; then port_for "$(app_name "$name")_PORT" >/dev/null; fi
  done
}

# The binary, its file's identity and its settings: when one differs, it has to start anew.
start_fingerprint() (
  export_app_settings "$1"
  printf '%s\n' "$BIN/$1"
  stat -L -c '%i %s %y' "$BIN/$1"
  # The sandbox reads none of our settings, and forgets what it sold when it starts anew.
  { app_arguments "$1"; if [[ $1 != sandbox ]]; then env | grep '^SWITCHBOARD__' | sort; fi; } | cksum
)

app_is_current() {
  [[ -n $(app_pid "$1") && "$(start_fingerprint "$1")" == "$(<"$(app_run "$1").start")" ]]
}

# Starts what is down or outdated and waits until everything is ready.
start_apps() {
  local name
  for name in "${APPS[@]}"; do
    if app_is_current "$name"; then continue; fi
    stop_app "$name"
    start_app "$name"
  done
  for name in "${APPS[@]}"; do
    await_app "$name"
  done
}

start_app() {
  local name=$1 arguments
  if [[ $name == sandbox ]]; then choose_sandbox_seed; fi
  mapfile -t arguments < <(app_arguments "$name")
  start_fingerprint "$name" | write_file "$(app_run "$name").start"
  fresh_log "$(app_log "$name")"
  (
    export_app_settings "$name"
    cd "$ROOT" || exit 1
    # A session of its own, so that closing the terminal ends nothing.
    exec setsid "$BIN/$name" "${arguments[@]}" </dev/null >>"$(app_log "$name")" 2>&1
  ) &
  printf '%s\n' "$!" | write_file "$(app_run "$name").pid"
  say "$name started"
}

await_app() {
  local pid
  pid=$(read_pid "$(app_run "$1").pid")
  wait_for "$READY_SECONDS" ready_or_ended "$1" "$pid" || true
  if ! has_ended "$pid" && app_is_ready "$1"; then return 0; fi
  show_log_tail "$(app_log "$1")" 40
  if has_ended "$pid"; then die "$1 ended"; fi
  die "$1 was not ready within $READY_SECONDS seconds"
}

ready_or_ended() { has_ended "$2" || app_is_ready "$1"; }

stop_app() {
  local pid
  pid=$(app_pid "$1")
  if [[ -n $pid ]]; then
    stop_process "$pid" "$STOP_SECONDS" TERM KILL || die "$1 (process $pid) does not stop"
    say "$1 stopped"
  fi
  rm -f -- "$(app_run "$1").pid" "$(app_run "$1").start"
}

# All at once, but the sandbox last: the others finish their calls to it.
stop_apps() {
  local name stops=() stop failed=0
  for name in "${APPS[@]}"; do
    if [[ $name == sandbox ]]; then continue; fi
    stop_app "$name" &
    stops+=("$!")
  done
  for stop in "${stops[@]}"; do
    wait "$stop" || failed=1
  done
  stop_app sandbox
  return "$failed"
}

report_app() {
  local pid
  pid=$(app_pid "$1")
  if [[ -z $pid ]]; then
    printf '%-16s stopped\n' "$1"
    return 1
  fi
  printf '%-16s 127.0.0.1:%-6s process %s\n' "$1" "$(app_port "$1")" "$pid"
}
