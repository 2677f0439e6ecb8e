# The Python environment of the end-to-end tests. Sourced.
# shellcheck shell=bash

VENV="$DEV/venv"

# Makes the environment unless it is there and has what requirements.txt asks for.
prepare_venv() {
  (
    flock 8
    if ! venv_is_current; then make_venv; fi
  ) 8>"$DEV/venv.lock"
}

venv_is_current() {
  cmp -s "$HERE/requirements.txt" "$VENV/requirements.txt" && "$VENV/bin/python" -V >/dev/null 2>&1
}

make_venv() {
  local log="$DEV/log/pip.log"
  require_python
  say "creating the Python environment $VENV ..."
  rm -rf -- "$VENV"
  if ! python3 -m venv "$VENV" >"$log" 2>&1 || ! install_requirements >>"$log" 2>&1; then
    show_log_tail "$log"
    die "could not install deploy/dev/requirements.txt into $VENV"
  fi
  cp -- "$HERE/requirements.txt" "$VENV/requirements.txt"
}

install_requirements() {
  "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input \
    -r "$HERE/requirements.txt"
}
