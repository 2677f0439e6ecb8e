use std::process::{Command, Output};

/// Runs the binary with these settings and nothing else in its environment.
fn ctl(settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ctl"))
        .env_clear()
        .envs(settings.iter().copied())
        .args(arguments)
        .output()
        .unwrap()
}

const KEY: &str = "abababababababababababababababababababababababababababababababab";
const NOWHERE: [(&str, &str); 2] = [
    ("SWITCHBOARD__DATABASE__URL", "postgres://nobody:hunter2@127.0.0.1:1/nothing"),
    ("SWITCHBOARD__SECRETS__SEAL_KEY", KEY),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_tells_the_exit_codes_and_the_settings() {
    let output = ctl(&[], &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for part in ["Exit codes:", "4  the audit found mismatches", "database.url", "doctor"] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn a_wrong_command_line_or_missing_settings_end_with_2() {
    assert_eq!(ctl(&[], &["dance"]).status.code(), Some(2));
    let output = ctl(&[], &["provider", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("SWITCHBOARD__DATABASE__URL"));
    let output = ctl(&[], &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let lines = text(&output.stdout);
    assert!(lines.contains("database.url") && lines.contains(r#""ok":false"#), "{lines}");
}

#[test]
fn a_dead_database_ends_with_1_and_without_its_password() {
    let output = ctl(&NOWHERE, &["provider", "list"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.starts_with("ctl: storage is not available"), "{told}");
    let doctor = ctl(&NOWHERE, &["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    let lines = text(&doctor.stdout);
    assert!(
        lines.contains("failed  database") && lines.contains("→ is Postgres running"),
        "{lines}"
    );
    for written in [told, lines, text(&doctor.stderr)] {
        assert!(!written.contains("hunter2") && !written.contains(KEY), "{written}");
    }
}
