# Requests to our own processes and the little JSON needed to read their answers. A bare machine
# has neither curl nor jq. Sourced.
# shellcheck shell=bash

# Prints the body of the answer; fails unless the status is 2xx: http METHOD URL [BODY] [HEADER]
http() (
  LC_ALL=C # lengths in bytes
  authority=${2#http://}
  path=/
  if [[ $authority == */* ]]; then path="/${authority#*/}"; fi
  authority=${authority%%/*}
  body=${3:-}
  exec 3<>"/dev/tcp/${authority%:*}/${authority##*:}" || exit 1
  {
    printf '%s %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n' "$1" "$path" "$authority"
    printf 'Content-Type: application/json\r\nContent-Length: %s\r\n' "${#body}"
    printf '%b\r\n%s' "${4:+${4//\\/\\\\}\r\n}" "$body"
  } >&3 || exit 1
  answer=$(timeout 10 cat <&3) || exit 1
  head=${answer%%$'\r\n\r\n'*}
  printf '%s\n' "${answer#*$'\r\n\r\n'}"
  [[ $head =~ ^HTTP/1\.[01]\ 2 ]]
)

# Sends a request that has to succeed.
must_http() {
  local answer
  answer=$(http "$@") || die "$1 $2 failed: ${answer:-no answer}"
}

# Prints a text field of the JSON object on standard input: json_text FIELD
json_text() { tr -d '\n' | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# Prints the innermost object on standard input that has FIELD with that text: json_object FIELD TEXT
json_object() { tr -d '\n' | grep -o '{[^{}]*}' | grep "\"$1\" *: *\"$2\"" | head -n 1; }
