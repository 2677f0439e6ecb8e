# Gives a fresh stack its providers, catalog and demo customer. Each step may run again. Sourced.
# shellcheck shell=bash

ctl() { "$BIN/ctl" "$@"; }

# Runs ctl, which has to succeed, and prints what it prints.
must_ctl() { ctl "$@" || die "ctl $1 ${2:-} failed"; }

seed() {
  local entry
  say "seeding ..."
  for entry in "${PROVIDERS[@]}"; do
    # shellcheck disable=SC2086 # code and priority are two words
    seed_provider $entry
  done
  must_http POST "$SANDBOX_URL/control/stripe" "{\"webhook_url\":\"$STRIPE_WEBHOOK_URL\"}"
  must_ctl catalog sync >/dev/null
  seed_customer
}

# Registers a provider and tells the sandbox where to send its callbacks; a sandbox that was
# started anew has forgotten it.
seed_provider() {
  local code=$1 priority=$2 list known callback
  list=$(must_ctl provider list --json)
  known=$(json_object code "$code" <<<"$list" || true)
  if [[ -z $known ]]; then
    known=$(must_ctl provider add --code "$code" --protocol "$PROTOCOL" \
      --base-url "$(provider_url "$code")" --api-key "$(provider_key "$code")" \
      --priority "$priority" --json)
  fi
  callback=$(json_text callback_url <<<"$known")
  [[ -n $callback ]] || die "ctl printed no callback_url for provider $code"
  must_http POST "$SANDBOX_URL/control/providers/$code" "{\"callback_url\":\"$callback\"}"
}

# Keeps the customer of an earlier run as long as its token works.
seed_customer() {
  API_TOKEN=$(recall demo.env API_TOKEN)
  if [[ -n $API_TOKEN ]] && token_works; then return 0; fi
  # A customer that exists already is no reason to stop, and is credited only once.
  ctl customer add --email "$DEMO_EMAIL" --json >"$DEV/log/customer.log" 2>&1 || true
  must_ctl customer credit --email "$DEMO_EMAIL" --amount "$DEMO_CREDIT" --reason demo \
    --operator stack --approver demo --reference "stack:$DEMO_EMAIL" --json >/dev/null
  API_TOKEN=$(ctl token issue --email "$DEMO_EMAIL" --json | json_text token)
  if [[ -z $API_TOKEN ]]; then
    show_log_tail "$DEV/log/customer.log"
    die "no API token for $DEMO_EMAIL"
  fi
  remember demo.env API_TOKEN "$API_TOKEN"
}

token_works() {
  http GET "$API_URL/v1/balance" "" "Authorization: Bearer $API_TOKEN" >/dev/null 2>&1
}
