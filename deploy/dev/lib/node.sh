# The packages of customers that the end-to-end tests run with Node. Sourced.
# shellcheck shell=bash

NODE="$DEV/node"
NODE_WANTED="$ROOT/crates/e2e/node"

# Installs them unless those are there that the lock file asks for.
prepare_node() {
  require_clients
  (
    flock 8
    if ! node_is_current; then install_node_packages; fi
  ) 8>"$DEV/node.lock"
}

node_is_current() {
  cmp -s "$NODE_WANTED/package-lock.json" "$NODE/installed" &&
    cmp -s "$NODE_WANTED/package.json" "$NODE/package.json"
}

# What comes has to have the hashes of the lock file, and none of it runs.
install_node_packages() {
  local log="$DEV/log/npm.log"
  say "installing the packages of Node into $NODE ..."
  rm -rf -- "$NODE"
  mkdir -p "$NODE"
  cp -- "$NODE_WANTED/package.json" "$NODE_WANTED/package-lock.json" "$NODE/"
  if ! npm ci --ignore-scripts --no-audit --no-fund --prefix "$NODE" >"$log" 2>&1; then
    show_log_tail "$log"
    die "could not install crates/e2e/node/package-lock.json into $NODE"
  fi
  cp -- "$NODE_WANTED/package-lock.json" "$NODE/installed"
}
