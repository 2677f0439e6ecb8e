# Every setting of the binaries in the local stack, in one place. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the other parts

APPS=(sandbox api-server webhook-ingest task-worker)
PACKAGES=(sandbox ctl api-server webhook-ingest task-worker)
PROFILE=${PROFILE:-release}
BIN="${CARGO_TARGET_DIR:-$ROOT/target}/$PROFILE"

FIRST_SEED=42
STRIPE_KEY=sk_test_sandbox
STRIPE_WEBHOOK_SECRET=whsec_sandbox

# code and priority of the providers to register
PROVIDERS=("alpha 1" "beta 2" "gamma 3")
PROTOCOL=sms_activate

DEMO_EMAIL=demo@example.com
DEMO_CREDIT=500000

# An audience does not wait twenty minutes for a refund: seconds an order of the demo lives, and
# seconds before it may be canceled. Everywhere else the usual times hold.
DEMO_LIFETIME=25
DEMO_MIN_CANCEL=5

# What stack.env holds besides process ids, logs and SWITCHBOARD__ settings.
ADDRESSES=(API_URL INGEST_URL SANDBOX_URL DATABASE_URL API_DATABASE_URL
  WEBHOOK_DATABASE_URL WORKER_DATABASE_URL OPERATOR_DATABASE_URL
  REDIS_SESSION_URL REDIS_CACHE_URL REDIS_RATELIMIT_URL)

# Sets the addresses and exports the settings as the operator's command line needs them.
load_settings() {
  eval "$("$HERE/services" env)"
  SANDBOX_URL=$(app_url sandbox)
  API_URL=$(app_url api-server)
  INGEST_URL=$(app_url webhook-ingest)
  STRIPE_WEBHOOK_URL="$INGEST_URL/stripe"
  export SWITCHBOARD__DATABASE__URL=$OPERATOR_DATABASE_URL
  export SWITCHBOARD__REDIS__SESSION_URL=$REDIS_SESSION_URL
  export SWITCHBOARD__REDIS__CACHE_URL=$REDIS_CACHE_URL
  export SWITCHBOARD__REDIS__RATELIMIT_URL=$REDIS_RATELIMIT_URL
  SWITCHBOARD__SECRETS__SEAL_KEY=$(secret SEAL_KEY 32)
  export SWITCHBOARD__SECRETS__SEAL_KEY
  export SWITCHBOARD__INGEST__PUBLIC_URL=$INGEST_URL
  export SWITCHBOARD__STRIPE__API_BASE=$SANDBOX_URL
  # Customers of a demo have their servers on this machine.
  export SWITCHBOARD__WEBHOOKS__ALLOW_PLAIN_HTTP_TO=127.0.0.0/8
  export SWITCHBOARD__STRIPE__SECRET_KEY=$STRIPE_KEY
  export SWITCHBOARD__STRIPE__WEBHOOK_SECRETS=$STRIPE_WEBHOOK_SECRET
  export SWITCHBOARD__STRIPE__LIVEMODE=false
  export SWITCHBOARD__STRIPE__SUCCESS_URL=$API_URL/paid
  export SWITCHBOARD__STRIPE__CANCEL_URL=$API_URL/not-paid
  if [[ -n ${SWITCHBOARD_DEMO:-} ]]; then
    export SWITCHBOARD__ORDERS__LIFETIME_SECONDS=$DEMO_LIFETIME
    export SWITCHBOARD__ORDERS__MIN_CANCEL_SECONDS=$DEMO_MIN_CANCEL
  fi
  export SWITCHBOARD__LOG__FORMAT=${SWITCHBOARD__LOG__FORMAT:-json}
  export SWITCHBOARD__LOG__FILTER=${SWITCHBOARD__LOG__FILTER:-info}
}

# What differs for a server: it listens, and it has a login of its own that owns nothing.
export_app_settings() {
  case $1 in
    api-server) export SWITCHBOARD__DATABASE__URL=$API_DATABASE_URL ;;
    webhook-ingest) export SWITCHBOARD__DATABASE__URL=$WEBHOOK_DATABASE_URL ;;
    task-worker) export SWITCHBOARD__DATABASE__URL=$WORKER_DATABASE_URL ;;
  esac
  SWITCHBOARD__HTTP__LISTEN=127.0.0.1:$(app_port "$1")
  export SWITCHBOARD__HTTP__LISTEN
}

# A sandbox forgets what it sold, the database does not: with the seed of an earlier run it would
# hand out the same order ids again.
choose_sandbox_seed() {
  local last
  last=$(recall seeds SANDBOX)
  remember seeds SANDBOX "$((${last:-FIRST_SEED - 1} + 1))"
}

# Prints the arguments of a binary, one on each line.
app_arguments() {
  [[ $1 == sandbox ]] || return 0
  printf '%s\n' --listen "127.0.0.1:$(app_port sandbox)" --seed "$(recall seeds SANDBOX)" \
    --stripe-key "$STRIPE_KEY" --stripe-webhook-secret "$STRIPE_WEBHOOK_SECRET"
}

# True once a binary can do its work.
app_is_ready() {
  if [[ $1 == sandbox ]]; then
    is_listening "$(app_port sandbox)"
  else
    http GET "$(app_url "$1")/health/ready" >/dev/null 2>&1
  fi
}

# Where a provider of the sandbox is reached, and its key.
provider_url() { printf '%s/p/%s\n' "$SANDBOX_URL" "$1"; }
provider_key() { printf 'key-%s\n' "$1"; }
