use cargo_metadata::Metadata;
use serde_json::{Value, json};

use super::*;

const REGISTRY: &str = "registry+https://registry.example/index";

fn config(bans: &str) -> Config {
    let text = format!(
        "[bans]\n{bans}\n[licenses]\nallow = [\"MIT\"]\n\
         exceptions = [{{ crate = \"odd\", allow = [\"Odd-1.0\"] }}]\n[sources]\n\
         allow-registry = [\"https://registry.example/index\"]"
    );
    toml::from_str(&text).unwrap()
}

/// A crate with its licence and the optional and required crates it declares.
fn package(name: &str, licence: Option<&str>, source: Option<&str>, features: &Value) -> Value {
    let optional = json!({
        "name": "weak", "req": "*", "kind": null, "optional": true,
        "uses_default_features": true, "features": [],
    });
    json!({
        "name": name, "version": "1.0.0", "id": name, "license": licence, "source": source,
        "dependencies": [optional], "targets": [], "features": features,
        "manifest_path": "/x/Cargo.toml",
    })
}

fn node(name: &str, features: &[&str], on: &[&str]) -> Value {
    let deps: Vec<_> =
        on.iter().map(|id| json!({ "name": id, "pkg": id, "dep_kinds": [] })).collect();
    json!({ "id": name, "deps": deps, "dependencies": on, "features": features })
}

fn metadata(packages: &[Value], nodes: &[Value]) -> Metadata {
    let json = json!({
        "packages": packages, "workspace_members": ["ours"], "target_directory": "/x/target",
        "resolve": { "nodes": nodes, "root": null }, "workspace_root": "/x", "version": 1,
    });
    serde_json::from_value(json).unwrap()
}

fn none() -> Value {
    json!({})
}

/// `ours` uses `other`, which is declared as the arguments say.
fn pair(licence: Option<&str>, source: Option<&str>) -> Metadata {
    let packages =
        [package("ours", Some("MIT"), None, &none()), package("other", licence, source, &none())];
    metadata(&packages, &[node("ours", &[], &["other"]), node("other", &[], &[])])
}

fn messages(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn bans_a_crate_unless_only_its_wrappers_use_it() {
    let metadata = pair(Some("MIT"), Some(REGISTRY));
    let graph = Graph::new(&metadata).unwrap();
    let found = |bans: &str| messages(banned(&config(bans), &graph));
    let expected = ["other 1.0.0 is banned; used by ours"];
    assert_eq!(found("deny = [\"other\"]"), expected);
    assert_eq!(found("deny = [{ crate = \"other@1\" }]"), expected);
    assert_eq!(found("deny = [{ name = \"other\", wrappers = [\"theirs\"] }]"), expected);
    assert_eq!(found("deny = [{ crate = \"other\", wrappers = [\"ours\"] }]"), [""; 0]);
    assert_eq!(found("deny = [\"another\"]"), [""; 0]);
}

#[test]
fn wants_an_allowed_licence_of_every_crate() {
    let found = |licence| {
        let metadata = pair(licence, Some(REGISTRY));
        messages(unlicensed(&config(""), &Graph::new(&metadata).unwrap()).unwrap())
    };
    assert_eq!(found(Some("MIT OR GPL-3.0")), [""; 0]);
    assert_eq!(found(Some("GPL-3.0")), ["other 1.0.0 is under GPL-3.0"]);
    assert_eq!(found(Some("Odd-1.0")), ["other 1.0.0 is under Odd-1.0"]);
    assert_eq!(found(None), ["other 1.0.0 states no licence"]);
    let licences = config("").licenses;
    assert!(licences.allows("odd", "Odd-1.0"));
}

#[test]
fn takes_crates_from_the_registry_and_the_workspace_only() {
    let found = |source| {
        let metadata = pair(Some("MIT"), source);
        messages(foreign(&config(""), &Graph::new(&metadata).unwrap()))
    };
    assert_eq!(found(Some(REGISTRY)), [""; 0]);
    assert_eq!(found(None), ["other 1.0.0 comes from a path"]);
    let git = "git+https://example.org/other?branch=main#abc";
    assert_eq!(found(Some(git)), [format!("other 1.0.0 comes from {git}")]);
    let mirror = "registry+https://example.org/index";
    assert_eq!(found(Some(mirror)), [format!("other 1.0.0 comes from {mirror}")]);
}

#[test]
fn lists_crates_linked_twice() {
    let mut older = package("other", Some("MIT"), Some(REGISTRY), &none());
    let mut newer = older.clone();
    for (package, version) in [(&mut older, "1.0.0"), (&mut newer, "2.0.0")] {
        let fields = package.as_object_mut().unwrap();
        fields.insert("id".to_owned(), json!(version));
        fields.insert("version".to_owned(), json!(version));
    }
    let ours = package("ours", Some("MIT"), None, &none());
    let nodes =
        [node("ours", &[], &["1.0.0", "2.0.0"]), node("1.0.0", &[], &[]), node("2.0.0", &[], &[])];
    let metadata = metadata(&[ours, older, newer], &nodes);
    let graph = Graph::new(&metadata).unwrap();
    assert_eq!(duplicates(&config(""), &graph), ["other is linked as 1.0.0, 2.0.0"]);
    assert_eq!(duplicates(&config("skip = [\"other@1\"]"), &graph), [""; 0]);
}

#[test]
fn leaves_out_optional_crates_that_no_feature_enables() {
    let features = json!({ "on": ["dep:weak"], "also": ["weak/std"], "off": ["weak?/std"] });
    let linked = |enabled: &str| {
        let packages = [
            package("ours", Some("MIT"), None, &features),
            package("weak", Some("MIT"), Some(REGISTRY), &none()),
        ];
        let nodes = [node("ours", &[enabled], &["weak"]), node("weak", &[], &[])];
        let metadata = metadata(&packages, &nodes);
        Graph::new(&metadata).unwrap().packages().len() == 2
    };
    assert!(linked("on"));
    assert!(linked("also"));
    assert!(!linked("off"));
}
