# What the cluster holds: roles, databases, connection strings. Sourced after postgres.sh.
# shellcheck shell=bash

# Runs psql as the owner: sql DATABASE ARGS... The password goes by the environment, where
# other users cannot read it.
sql() {
  local database=$1
  shift
  PGPASSWORD=$(recall secrets.env POSTGRES_PASSWORD) PGCONNECT_TIMEOUT=3 \
    PGOPTIONS='-c client_min_messages=warning' "$(postgres_bin)/psql" -X -q -A -t \
    -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(recall ports POSTGRES_PORT)" -U "$PG_ROLE" \
    -d "$database" "$@"
}

postgres_answers() { sql postgres -c 'SELECT 1' </dev/null >/dev/null 2>&1; }

# Creates the main database and the role of the binaries, unless they exist.
prepare_database() {
  APP_PASSWORD=$(secret POSTGRES_APP_PASSWORD 16) sql postgres -v role="$PG_APP_ROLE" \
    -v database="$PG_DATABASE" <<'EOQ' || die "cannot prepare the database"
\set password `printf %s "$APP_PASSWORD"`
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
EOQ
}

# Replaces a database by an empty one.
fresh_database() {
  drop_database "$1"
  sql postgres -c "CREATE DATABASE $1"
}

drop_database() {
  [[ $1 =~ ^[a-z][a-z0-9_]{0,62}$ ]] || die "not a database name: $1"
  [[ $1 != "$PG_DATABASE" ]] || die "$1 is the main database"
  sql postgres -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)"
}

# Applies the migrations as plain SQL, for when the code that embeds them does not compile yet.
apply_migrations() {
  local file transaction
  for file in "$ROOT"/migrations/*.sql; do
    [[ -e $file ]] || continue
    transaction=--single-transaction
    if [[ $(head -n 1 "$file") == '-- no-transaction'* ]]; then transaction=; fi
    sql "$1" ${transaction:+"$transaction"} -f "$file" >/dev/null || die "$file failed"
  done
}

# Gives the binaries' login the rights of the role that the migrations create.
grant_app_role() {
  sql postgres -v role="$PG_APP_ROLE" <<'EOQ' || die "cannot grant switchboard_app"
SELECT format('GRANT switchboard_app TO %I', :'role')
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'switchboard_app') \gexec
EOQ
}

database_url() {
  printf 'postgres://%s:%s@127.0.0.1:%s/%s\n' "$PG_ROLE" \
    "$(recall secrets.env POSTGRES_PASSWORD)" "$(recall ports POSTGRES_PORT)" "${1:-$PG_DATABASE}"
}

app_database_url() {
  printf 'postgres://%s:%s@127.0.0.1:%s/%s\n' "$PG_APP_ROLE" \
    "$(recall secrets.env POSTGRES_APP_PASSWORD)" "$(recall ports POSTGRES_PORT)" "$PG_DATABASE"
}
