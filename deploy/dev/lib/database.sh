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

# Creates the main database and the logins of the binaries, unless they exist.
prepare_database() {
  local login
  for login in "${PG_LOGINS[@]}"; do
    LOGIN_PASSWORD=$(secret "POSTGRES_${login^^}_PASSWORD" 16) sql postgres \
      -v role="$(login_role "$login")" <<'EOQ' || die "cannot prepare the login for $login"
\set password `printf %s "$LOGIN_PASSWORD"`
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN PASSWORD :'password';
EOQ
  done
  sql postgres -v database="$PG_DATABASE" <<'EOQ' || die "cannot prepare the database"
SELECT format('CREATE DATABASE %I', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
EOQ
}

login_role() { printf 'switchboard_%s_dev\n' "$1"; }

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

# Gives each binary's login the rights of the role that the migrations create for it.
grant_roles() {
  local login
  for login in "${PG_LOGINS[@]}"; do
    sql postgres -v role="$(login_role "$login")" -v rights="switchboard_$login" \
      <<'EOQ' || die "cannot grant switchboard_$login"
SELECT format('GRANT %I TO %I', :'rights', :'role')
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'rights') \gexec
EOQ
  done
}

database_url() {
  printf 'postgres://%s:%s@127.0.0.1:%s/%s\n' "$PG_ROLE" \
    "$(recall secrets.env POSTGRES_PASSWORD)" "$(recall ports POSTGRES_PORT)" "${1:-$PG_DATABASE}"
}

# Prints the URL of the main database for one of the logins.
login_database_url() {
  printf 'postgres://%s:%s@127.0.0.1:%s/%s\n' "$(login_role "$1")" \
    "$(recall secrets.env "POSTGRES_${1^^}_PASSWORD")" "$(recall ports POSTGRES_PORT)" \
    "$PG_DATABASE"
}
