use std::fmt::Write as _;

use domain::fault::{Code, Retry};
use http_kit::status;

const HEAD: &str = "\
<!-- Generated from the table of codes by `make openapi`; a test compares. -->
# Errors

Whatever goes wrong is answered with `{\"success\": false, \"error\": {\"code\", \"message\", \"details\"}}`.
The code is stable and decides the HTTP status; the message is for people and may change. `details` is
there with `VALIDATION_ERROR`, as a list of `{field, message}`, and with `TEMP_BANNED_ABUSE_GUARD`, as
`{until, tier, retry_after_seconds}`. Which codes an operation can give stands in
[openapi.json](openapi.json), which api-server shows at `/docs`. The answer's `x-request-id` names the
request in our logs.

| code | HTTP | when | retry |
|---|---|---|---|
";

const TAIL: &str = "
*later* means that the same request may succeed after a pause: as long as `Retry-After` says, else a
second, then twice as long each time. *no* means that it will be refused again until something else
has changed.

## What to do
";

/// `docs/errors.md`.
pub fn errors_page() -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        let retry = match code.retry() {
            Retry::No => "no",
            Retry::Later => "later",
        };
        let (name, number) = (code.as_str(), status(*code).as_u16());
        let _ = writeln!(page, "| `{name}` | {number} | {} | {retry} |", code.meaning());
    }
    page.push_str(TAIL);
    for code in Code::ALL {
        let (name, says) = (code.as_str(), code.default_message());
        let _ = write!(page, "\n### {name}\n\n> {says}\n\n{}\n", code.advice());
    }
    page
}
